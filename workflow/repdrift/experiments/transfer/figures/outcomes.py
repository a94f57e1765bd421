"""What came of trainings: final test accuracy, and how fast they learned; from their histories."""

import pandas as pd

FINAL, SPEED = "final test accuracy (%)", "training accuracy (%),\nmean of first epochs"
COLUMNS = ("run", "seed", "images", "epoch", "train_accuracy", "test_accuracy")


def outcomes(table: pd.DataFrame, by: list[str]) -> tuple[pd.DataFrame, int]:
    """Rows with ``measure`` and ``value`` for each training, and the number of epochs of the mean: all have as many."""
    trained = table[table["epoch"] > 0]
    one = ["run", "seed", *by]
    trainings = trained.groupby(one, sort=False, dropna=False)
    epochs = int(trainings["epoch"].max().min())
    final = trainings["test_accuracy"].last()
    speed = trained[trained["epoch"] <= epochs].groupby(one, sort=False, dropna=False)["train_accuracy"].mean()
    found = pd.concat({FINAL: final, SPEED: speed}, names=["measure"])
    return found.rename("value").reset_index(), epochs

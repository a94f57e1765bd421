"""The outcomes of trainings, from their histories: the final test accuracy, and the speed of learning."""

import pandas as pd

FINAL, SPEED = "final test accuracy (%)", "training accuracy (%),\nmean of first epochs"
COLUMNS = ("run", "seed", "images", "chance", "epoch", "train_accuracy", "test_accuracy")


def outcomes(table: pd.DataFrame, by: list[str]) -> tuple[pd.DataFrame, int]:
    """Return the outcomes of each training as the columns ``measure`` and ``value``, and a number of epochs.

    The speed of learning is the mean training accuracy over this number of first epochs, which every training has.
    """
    trained = table[table["epoch"] > 0]
    one = ["run", "seed", *by]
    trainings = trained.groupby(one, sort=False, dropna=False)
    epochs = int(trainings["epoch"].max().min())
    final = trainings["test_accuracy"].last()
    speed = trained[trained["epoch"] <= epochs].groupby(one, sort=False, dropna=False)["train_accuracy"].mean()
    found = pd.concat({FINAL: final, SPEED: speed}, names=["measure"])
    return found.rename("value").reset_index(), epochs


def lengths(table: pd.DataFrame) -> str:
    """Return the part of the footer that tells the numbers of epochs of the trainings of each network."""
    found = table.groupby(["network", "run"], sort=False)["epoch"].max().groupby("network", sort=False).unique()
    return ", ".join(
        f"{name}: {' or '.join(map(str, sorted(map(int, epochs))))} epochs" for name, epochs in found.items()
    )

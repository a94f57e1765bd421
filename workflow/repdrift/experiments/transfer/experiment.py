"""Networks, pairs and files of the experiment: which trainings there are, and what is made of them.

The paper's names: RI and P are the weights before, random and pre-trained; RI-T and P-T those trained on the target.
Standard library only: the Snakefile imports it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from repdrift.experiments.experiment import Experiment
from repdrift.experiments.transfer import claims as neyshabur2020
from repdrift.experiments.transfer.claims import SIDE
from repdrift.study.runs import INDEPENDENT, INITIAL, Checkpoint, Run
from repdrift.study.tasks import CALIBRATION_IMAGES

if TYPE_CHECKING:
    from repdrift.claims.contrasts import Claim
    from repdrift.plan.plan import Plan
    from repdrift.study.tasks import Task

FINAL = "final"
SOURCE = "pre-training"
TABLES = ("similarity", "barrier", "criticality")  # of which each target and seed has one
# Pairs of networks whose weights, representations and mistakes are compared. RI-T 1b began as RI-T did.
PAIRS = {
    "P-T & P": ("P-T", "P"),
    "RI-T & P": ("RI-T", "P"),
    "RI-T & RI": ("RI-T", "RI"),
    "P-T & P-T": ("P-T", "P-T 2"),
    "RI-T & P-T": ("RI-T", "P-T"),
    "RI-T & RI-T": ("RI-T", "RI-T 2"),
    "RI-T & RI-T, same start": ("RI-T", "RI-T 1b"),
    # After as many epochs as P-T.
    "RI-T & P-T, equal epochs": ("RI-T early", "P-T"),
    "RI-T & RI-T, equal epochs": ("RI-T early", "RI-T 2 early"),
}
# Of these, the ones between which a line is drawn.
LINES = ("P-T & P-T", "RI-T & RI-T", "RI-T & P-T", "RI-T & RI-T, same start")
STARTS = ("P-T", "RI-T")


class Transfer(Experiment):
    """The experiment for a study whose config has the key ``transfer``."""

    titles: ClassVar = {
        "transfer_shuffle": "Shuffled images",
        "transfer_similarity": "Similarity, distance and mistakes",
        "transfer_barrier": "Barriers",
        "transfer_criticality": "Criticality",
        "transfer_checkpoints": "Checkpoints of pre-training",
        "transfer_claims": "Claims on transfer",
    }
    keys: ClassVar = {
        "transfer_similarity": ("dataset", "pair", "measure", "item"),
        "transfer_barrier": ("dataset", "pair", "bn", "measure", "at"),
        "transfer_criticality": ("dataset", "network", "part", "path", "measure", "at", "noise"),
    }

    def __init__(self, plan: Plan, config: Mapping[str, Any]) -> None:
        super().__init__(plan, config)
        kept = {0, plan.config["pretrain"]["epochs"], *plan.checkpoint_epochs}
        self.checkpoints = [epoch for epoch in self.config["checkpoints"] if epoch in kept]
        self.path = [epoch for epoch in self.config["criticality"]["path"] if epoch <= self.epochs]

    # Trainings

    def runs(self) -> Iterator[Run]:
        for dataset in self.targets:
            yield from self.trained(dataset).values()
        for dataset in self.sweeps:
            for side in self.sides:
                for start in STARTS:
                    yield self.shuffled(dataset, side, start)
            for epoch in self.checkpoints:
                yield self.from_epoch(dataset, epoch)

    def task(self, dataset: str, shuffle: int | None = None) -> Task:
        return self.plan.target_task(dataset, size=self.config["images"], shuffle=shuffle)

    def trained(self, dataset: str) -> dict[str, Run]:
        """Networks trained on a target: two instances of each kind, and one more from the same random weights.

        Instances of P-T start from the same weights and see the images in other orders, those of RI-T start from other
        random weights.
        """
        task, long = self.task(dataset), self.config["converged"]
        kept = tuple(sorted({*self.path, self.epochs}))
        train = self.plan.trained_on
        return {
            "P-T": train(task, checkpoints=kept),
            "P-T 2": train(task, order=2, checkpoints=kept),
            "RI-T": train(task, INITIAL, epochs=long, checkpoints=kept),
            "RI-T 2": train(task, INDEPENDENT, epochs=long, checkpoints=kept),
            "RI-T 1b": train(task, INITIAL, epochs=long, order=2, checkpoints=kept),
        }

    @property
    def sides(self) -> list[int]:
        """Sides of the blocks of pixels that change places, and of the image, which is then one block."""
        return [*sorted(self.config["shuffle"]), SIDE]

    def shuffled(self, dataset: str, side: int, start: str) -> Run:
        """Training on a target with shuffled images."""
        if side == SIDE:
            return self.trained(dataset)[start]
        task = self.task(dataset, side)
        if start == "P-T":
            return self.plan.trained_on(task)
        return self.plan.trained_on(task, INITIAL, epochs=self.config["converged"])

    def from_epoch(self, dataset: str, epoch: int) -> Run:
        """Fine-tuning from an epoch of pre-training: 0 is the initial network, the last one P-T."""
        if epoch == self.plan.config["pretrain"]["epochs"]:
            return self.trained(dataset)["P-T"]
        parent = (self.plan.pretrained, f"epoch{epoch}") if epoch else INITIAL
        return self.plan.trained_on(self.task(dataset), parent)

    # What is made of them

    def networks(self, table: str, dataset: str) -> dict[str, Checkpoint]:
        """Weights that a table is made of, by their names in its spec."""
        runs = self.trained(dataset)
        found: dict[str, Checkpoint] = {"RI": INITIAL, "P": (self.plan.pretrained, FINAL)}
        found |= {name: (run.name, FINAL) for name, run in runs.items()}
        early = f"epoch{self.epochs}"
        found |= {f"{name} early": (runs[name].name, early) for name in ("RI-T", "RI-T 2")}
        for start in STARTS:
            found |= {f"{start}, epoch {epoch}": (runs[start].name, f"epoch{epoch}") for epoch in self.path}
        needed = {
            "similarity": [name for pair in PAIRS.values() for name in pair],
            "barrier": [name for line in LINES for name in PAIRS[line]],
            "criticality": [name for path in self.paths.values() for name in path],
        }[table]
        return {name: found[name] for name in dict.fromkeys(needed)}

    @property
    def paths(self) -> dict[str, list[str]]:
        """Networks that training led over, from the first to the last, for P-T and RI-T."""
        before, kept = {"P-T": "P", "RI-T": "RI"}, {"P-T": [epoch for epoch in self.path if epoch < self.epochs]}
        return {
            start: [before[start], *(f"{start}, epoch {epoch}" for epoch in kept.get(start, self.path)), start]
            for start in STARTS
        }

    def checkpoints_of(self, table: str, dataset: str, seed: int | str) -> list[str]:
        """Files of these networks."""
        return [self.plan.model(found, seed) for found in self.networks(table, dataset).values()]

    def file(self, table: str, dataset: str, seed: int | str) -> str:
        return f"{self.plan.folder}/transfer/{table}/{dataset}/seed{seed}.csv"

    def spec(self, table: str, dataset: str, seed: int) -> dict[str, Any]:
        """Spec of a table of one target and seed."""
        plan, settings = self.plan, self.config
        images = min(settings["test_images"], self.task(dataset).test.size)
        shared = {
            "dataset": dataset,
            "seed": seed,
            "network": plan.network,
            "networks": list(self.networks(table, dataset)),
            "test_images": images,
        }
        calibration = min(CALIBRATION_IMAGES, self.task(dataset).size)
        if table == "similarity":
            bn = plan.config["probe"]["bn"]
            return {
                **shared,
                "pairs": PAIRS,
                "probe": min(images, plan.config["probe"]["images"]),
                "calibration": None if bn == "batch" else calibration,
                "estimators": plan.config["similarity"]["estimators"],
            }
        if table == "barrier":
            lines = {line: PAIRS[line] for line in LINES}
            return {**shared, "pairs": lines, "points": settings["points"], "calibration": calibration}
        criticality = settings["criticality"]
        return {
            **shared,
            "paths": self.paths,
            "train_images": min(criticality["images"], self.task(dataset).size),
            **{key: criticality[key] for key in ("distances", "noises", "draws", "excess")},
        }

    # Figures

    def rows(self, figure: str) -> dict[str, dict[str, object]]:
        """Files behind a figure's table, each with the columns that are to be added to it."""
        name, plan = figure.removeprefix("transfer_"), self.plan
        if name in TABLES:
            return {
                self.file(name, dataset, seed): {"images": plan.title(dataset)}
                for dataset in self.targets
                for seed in plan.seeds
            }
        if name == "shuffle":
            found = [
                (self.shuffled(dataset, side, start), dataset, {"side": side, "network": start})
                for dataset in self.sweeps
                for side in self.sides
                for start in STARTS
            ]
        else:
            found = [
                (self.from_epoch(dataset, epoch), dataset, {"start": epoch, "network": "P-T"})
                for dataset in self.sweeps
                for epoch in self.checkpoints
            ]
        histories: dict[str, dict[str, object]] = {
            plan.history(run.name, seed): {"run": run.name, "seed": seed, "images": plan.title(dataset), **columns}
            for run, dataset, columns in found
            for seed in plan.seeds
        }
        if name == "checkpoints":
            for seed in plan.seeds:
                columns = {"run": plan.pretrained, "seed": seed, "images": "", "start": None, "network": SOURCE}
                histories[plan.history(plan.pretrained, seed)] = columns
        return histories

    def caption(self, figure: str) -> str:
        """What a figure shows, in whole sentences."""
        if figure == "transfer_claims":
            return (
                "Every claim of Neyshabur et al. (2020) that can be judged here: the paired differences behind it, in "
                "the direction of the claim, and what they say."
            )
        long = self.config["converged"]
        trained = (
            f"P-T: fine-tuned from pre-trained weights for {self.epochs} epochs; RI-T: trained from random weights for "
            f"{long} epochs; {self.config['images']:,} images of each target at most."
        )
        criticality = self.config["criticality"]
        shown = {
            "transfer_shuffle": (
                "Targets whose images are cut into blocks that change places, in the same way in all images; *: all "
                "values change places, across channels; 32: images as they are. (top) final test accuracy, (bottom) "
                f"accuracy on the training batches, mean of the first {self.epochs} epochs; above: relative drop "
                "(P-T - RI-T) / P-T in percent."
            ),
            "transfer_similarity": (
                "Pairs of networks trained on the same target: similarity of their layers, Euclidean distance of "
                "their weights, part by part, and the share of images wrong for either that are wrong for both."
            ),
            "transfer_barrier": (
                "Test accuracy of the networks on the line between two; batch normalisation with statistics "
                "re-estimated on training images for each (solid) or interpolated as the weights are (dotted)."
            ),
            "transfer_criticality": (
                "(a) Test accuracy when one part has the weights from before training. (b) Loss on "
                f"{criticality['images']} training images at most when a part has weights on the way from before to "
                f"after training (across), with Gaussian noise (up, mean of {criticality['draws']} draws); number: "
                f"criticality, min distance² / noise² over the points whose loss is at most {criticality['excess']:g} "
                "nats above that of the trained network."
            ),
            "transfer_checkpoints": (
                "Training on a target from weights that pre-training had at an epoch (0: none): final test accuracy, "
                f"and accuracy on the training batches, mean of the first {self.epochs} epochs; and the test "
                "accuracy that pre-training had on its own task."
            ),
        }[figure]
        return f"{shown} {trained}"

    def claims(self) -> list[Claim]:
        """Claims N1 to N12."""
        return neyshabur2020.claims(self)

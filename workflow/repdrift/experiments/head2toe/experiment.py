"""Head2Toe: targets, files and methods of the experiment.

A target is a task of few examples: a data set with its true labels, with shifted ones, or with shuffled images.
Standard library only: the Snakefile imports it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from repdrift.experiments.experiment import Experiment
from repdrift.experiments.head2toe import claims as evci2022
from repdrift.study.runs import INITIAL, Checkpoint
from repdrift.study.tasks import Task, Transform, shuffled

if TYPE_CHECKING:
    from repdrift.claims.contrasts import Claim
    from repdrift.plan.plan import Plan

PROBES = "probes"
FINE_TUNING, SCRATCH, HEAD2TOE_FT = "fine-tuning", "scratch", "head2toe-ft"
TUNINGS = (FINE_TUNING, SCRATCH, HEAD2TOE_FT)  # methods that train the network, of which each has a table
LATE = ["pool4", "logits"]  # the penultimate layer, which is probed by itself, and the one after
PARTS = 5  # of the examples; so many of them as the config says are a validation set in turn


class Head2Toe(Experiment):
    """The experiment for a study whose config has the key ``head2toe``."""

    titles: ClassVar = {
        "head2toe": "Probes and fine-tuning",
        "head2toe_affinity": "Gain and affinity",
        "head2toe_layers": "Layers of the features",
        "head2toe_cost": "Accuracy and cost",
        "head2toe_claims": "Claims on Head2Toe",
    }
    keys: ClassVar = {
        "head2toe": ("target", "method", "measure", "item"),
        "head2toe_affinity": ("target", "measure"),
    }

    def __init__(self, plan: Plan, config: Mapping[str, Any]) -> None:
        super().__init__(plan, config)
        self.tasks_of = dict(self._targets())

    # Targets

    def tasks(self) -> Iterator[Task]:
        yield from self.tasks_of.values()

    def _targets(self) -> Iterator[tuple[str, Task]]:
        """Names of targets, as in files and tables, and their tasks."""
        for dataset in self.targets:
            role = self.plan.targets[dataset][0]
            shifts = [each for each in self.plan.transforms(role) if each.kind == "shift"] if role != "others" else []
            for transform in (Transform("random", 0), *shifts):
                yield f"{dataset}{transform.suffix}", self._task(dataset, transform=transform)
        for dataset in self.sweeps:
            for side in self.config["shuffle"]:
                yield f"{dataset}{shuffled(side)}", self._task(dataset, shuffle=side)

    def _task(self, dataset: str, **how: Any) -> Task:  # noqa: ANN401
        return self.plan.target_task(dataset, size=self.config["images"], **how)

    def title(self, target: str) -> str:
        """Name of a target as figures show it."""
        task = self.tasks_of[target]
        images = self.plan.title(task.dataset)
        if task.transform.kind == "shift":
            return f"{images}, shifted labels"
        if task.shuffle is None:
            return images
        return f"{images}, blocks of {task.shuffle}" if task.shuffle else f"{images}, shuffled values"

    # Files

    @property
    def parents(self) -> dict[str, Checkpoint]:
        """Weights that each method that trains the network starts from."""
        pretrained = (self.plan.pretrained, "final")
        return {FINE_TUNING: pretrained, SCRATCH: INITIAL, HEAD2TOE_FT: pretrained}

    def networks(self, seed: int) -> list[str]:
        """Pre-trained network of a seed, and that of another seed, if there is one: of the seed before, or the second.

        So one more seed at the end changes nothing of the others.
        """
        seeds = self.plan.seeds
        place = seeds.index(seed)
        second = seeds[place - 1 if place else 1 : place or 2]
        return [self.plan.model((self.plan.pretrained, "final"), each) for each in (seed, *second)]

    def images(self, target: str) -> list[str]:
        return self.plan.task_images(self.tasks_of[target].name)

    def labels(self, target: str, seed: int | str) -> str:
        return self.plan.labels(self.tasks_of[target].name, seed)

    def features(self, target: str, seed: int | str) -> str:
        return f"{self.plan.folder}/head2toe/features/{target}/seed{seed}.safetensors"

    def probe(self, target: str, seed: int | str) -> str:
        return f"{self.plan.folder}/head2toe/probes/{target}/seed{seed}.safetensors"

    def table(self, methods: str, target: str, seed: int | str) -> str:
        """Table of the probes, or of a method that trains the network."""
        return f"{self.plan.folder}/head2toe/{methods}/{target}/seed{seed}.csv"

    @property
    def tables(self) -> list[tuple[str, str, int]]:
        """Methods, target and seed of each of these tables."""
        return [
            (methods, target, seed)
            for methods in (PROBES, *TUNINGS)
            for target in self.tasks_of
            for seed in self.plan.seeds
        ]

    @property
    def affinity(self) -> str:
        return f"{self.plan.folder}/head2toe/affinity.csv"

    @property
    def compared(self) -> dict[str, str]:
        """Tables behind the affinity of targets, with the titles of these."""
        wanted = (PROBES, SCRATCH)
        return {self.table(*key): self.title(key[1]) for key in self.tables if key[0] in wanted}

    def probe_files(self, method: str, target: str, seed: int | str) -> list[str]:
        """Features and probe that a method that trains the network starts from, if it does."""
        return [self.features(target, seed), self.probe(target, seed)] if method == HEAD2TOE_FT else []

    # Specs

    def affinity_spec(self) -> dict[str, Any]:
        """Spec of the table of affinities: titles of the targets, and the layers that are not early or intermediate."""
        return {"images": list(self.compared.values()), "late": LATE}

    def test_images(self, target: str) -> int:
        return int(min(self.config["test_images"], self.tasks_of[target].test.size))

    def features_spec(self, target: str, seed: int) -> dict[str, Any]:
        """Spec of the features of a target's examples; `networks` are names of the pre-trained ones."""
        return {
            "network": self.plan.network,
            "networks": ["own", "second"][: len(self.networks(seed))],
            "target_sizes": self.config["target_sizes"],
            "test_images": self.test_images(target),
        }

    def probes_spec(self, target: str, seed: int) -> dict[str, Any]:
        """Spec of the search for probes."""
        return {
            "target": target,
            "seed": seed,
            "network": self.plan.network,
            "parts": PARTS,
            **{key: self.config[key] for key in ("target_sizes", "folds", "steps", "window", "offsets")},
        }

    def tuning_spec(self, method: str, target: str, seed: int) -> dict[str, Any]:
        """Spec of the search of a method that trains the network."""
        return {
            "method": method,
            "target": target,
            "seed": seed,
            "network": self.plan.network,
            "head": "new" if method == FINE_TUNING else "keep",
            "training": self.plan.config["training"],
            "learning_rates": self.config["learning_rates"],
            "epochs": self.config["epochs"],
            "parts": PARTS,
            "folds": self.config["folds"],
            "test_images": self.test_images(target),
        }

    # Figures

    def rows(self, figure: str) -> dict[str, dict[str, object]]:
        """Files behind a figure's table, each with the columns that are to be added to it."""
        if figure == "head2toe_affinity":
            return {self.affinity: {}}
        return {
            self.table(*key): {"images": self.title(key[1])}
            for key in self.tables
            if figure != "head2toe_layers" or key[0] == PROBES
        }

    def caption(self, figure: str) -> str:
        """What a figure shows, in whole sentences."""
        if figure == "head2toe_claims":
            return (
                "Every claim of Evci et al. (2022) that can be judged here, and some of ours: the paired differences "
                "behind it, in the direction of the claim, and what they say."
            )
        examples, folds = self.config["images"], self.config["folds"]
        tuned = len(self.config["learning_rates"]) * len(self.config["epochs"])
        budget = (
            f"{examples:,} training examples of each target. Every method chooses among 24 configurations "
            f"({tuned} where the network is trained) by its accuracy on {examples // PARTS:,} of them"
            + (f" in each of {folds} folds" if folds > 1 else "")
            + ", and is then fitted on all."
        )
        shown = {
            "head2toe": (
                "Test accuracy of linear probes on the frozen network (Linear: of its last hidden layer; All: of all "
                "layers, with regularisers; Head2Toe: of the features of all layers that it selects), and of networks "
                "that are trained."
            ),
            "head2toe_affinity": (
                "Gain of Head2Toe over the linear probe against domain affinity: accuracy of the linear probe less "
                "that of a network trained from scratch. Above: rank correlation over the targets, mean of the seeds."
            ),
            "head2toe_layers": (
                "(left) Layers that the features kept by Head2Toe come from: share of each. (right) Accuracy of a "
                f"probe on the {self.config['window']:.0%} of all features that begin at a rank of the scores: 0 has "
                "the highest."
            ),
            "head2toe_cost": (
                "Test accuracy, mean over the targets, against floating-point operations of the final fit (left) and "
                "bytes that a target adds (right); top: counted as in the paper, bottom: as computed and stored here."
            ),
        }[figure]
        return f"{shown} {budget} Batch normalisation of frozen and of trained networks: running statistics."

    def claims(self) -> list[Claim]:
        """Claims H1 to H10."""
        return evci2022.claims(self)

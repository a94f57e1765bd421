"""Names of a study's files: the one place that makes them.

Standard library only: the Snakefile imports it.
"""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from repdrift.canonical import canonical
from repdrift.study.runs import Checkpoint


class Files:
    """Where everything is of a study.

    Attributes
    ----------
    folder : str
        Where all of the study is made, except the data sets.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config
        self.folder = f"results/{config['study']}"

    # Data sets

    def title(self, dataset: str) -> str:
        return str(self.config["datasets"][dataset]["title"])

    def store(self, dataset: str) -> str:
        """Folder name of a data set: its name and a hash of its settings, for studies share the folder."""
        return self._folders[dataset]

    @cached_property
    def _folders(self) -> dict[str, str]:
        texts = {dataset: canonical(self.settings(dataset)) for dataset in self.config["datasets"]}
        return {name: f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}" for name, text in texts.items()}

    def settings(self, dataset: str) -> dict[str, Any]:
        """What makes the images; the title is for tables and figures only."""
        return {key: value for key, value in self.config["datasets"][dataset].items() if key != "title"}

    @cached_property
    def stores(self) -> dict[str, str]:
        """Data set of each store."""
        return {self.store(dataset): dataset for dataset in self.config["datasets"]}

    def raw_files(self, store: str, split: str) -> list[str]:
        """Files of the user's own that a split is made of."""
        settings = self.config["datasets"][self.stores[store]]
        return [settings[split]] if settings["reader"] == "npz" else []

    def images(self, dataset: str, split: str) -> str:
        return f"results/datasets/{self.store(dataset)}/{split}.safetensors"

    def labels(self, task: str, seed: int | str) -> str:
        return f"{self.folder}/tasks/{task}/seed{seed}.npz"

    def model(self, checkpoint: Checkpoint, seed: int | str) -> str:
        run, moment = checkpoint
        return f"{self.folder}/models/{run}/seed{seed}/{moment}.safetensors"

    def history(self, run: str, seed: int | str) -> str:
        return f"{self.folder}/models/{run}/seed{seed}/history.csv"

    def activations(self, role: str, checkpoint: Checkpoint, seed: int | str) -> str:
        run, moment = checkpoint
        return f"{self.folder}/activations/{role}/{run}/seed{seed}/{moment}.safetensors"

    def similarity(self, run: str, seed: int | str) -> str:
        return f"{self.folder}/similarity/runs/{run}/seed{seed}.csv"

    def curve(self, seed: int | str) -> str:
        return f"{self.folder}/similarity/curve/seed{seed}.csv"

    def sensitivity(self, run: str, seed: int | str) -> str:
        return f"{self.folder}/similarity/sensitivity/{run}/seed{seed}.csv"

    def layers(self, seed: int | str) -> str:
        return f"{self.folder}/similarity/layers/seed{seed}.csv"

    def table(self, figure: str) -> str:
        return f"{self.folder}/tables/{figure}.csv"


def checksums(images: list[str]) -> list[str]:
    """Files that change when the images do, and are small enough for Snakemake to compare by content."""
    return [path.removesuffix("safetensors") + "sha256" for path in images]

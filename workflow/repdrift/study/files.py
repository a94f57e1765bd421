"""The names of the files of a study. Nothing else makes such names.

The Snakefile imports this module, so it needs nothing heavy.
"""

import hashlib
from functools import cached_property
from typing import Any

from repdrift.canonical import canonical
from repdrift.study.architectures import TORCHVISION
from repdrift.study.runs import Checkpoint
from repdrift.study.sections import Config
from repdrift.study.tasks import SIDE


class Files:
    """The names of all files of a study.

    Attributes
    ----------
    config : Config
    folder : str
        The folder of all results of the study, except the data sets, which studies share.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.folder = f"results/{config.study}"

    # Data sets

    def title(self, dataset: str) -> str:
        """Return the name of a data set as figures show it."""
        return self.config.datasets[dataset].title

    def settings(self, dataset: str) -> dict[str, Any]:
        """Return the settings on which the images of a data set depend. They include an unusual size."""
        size = self.config.images.size
        return self.config.datasets[dataset].settings | ({} if size == SIDE else {"size": size})

    def store(self, dataset: str) -> str:
        """Return the name of the folder of a data set, which all studies with the same settings of it share."""
        return self._folders[dataset]

    @cached_property
    def _folders(self) -> dict[str, str]:
        texts = {name: canonical(self.settings(name)) for name in self.config.datasets}
        return {name: f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}" for name, text in texts.items()}

    @cached_property
    def stores(self) -> dict[str, str]:
        """The data set in each of these folders."""
        return {self.store(dataset): dataset for dataset in self.config.datasets}

    def raw_files(self, store: str, split: str) -> list[str]:
        """List the user's own npz files from which a split is read."""
        dataset = self.config.datasets[self.stores[store]]
        path = dataset.train if dataset.split else {"train": dataset.train, "test": dataset.test}[split]
        return [str(path)] if dataset.reader == "npz" else []

    @property
    def weight_files(self) -> list[str]:
        """The file of the given weights. There is none if the study pre-trains, or if torchvision has the weights."""
        given = self.config.weights
        return [] if given is None or given.file.startswith(TORCHVISION) else [given.file]

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

    def similarity(self, role: str, run: str, seed: int | str) -> str:
        """Return the path of the similarities of a run to its references, on the probe of a role."""
        return f"{self.folder}/similarity/runs/{role}/{run}/seed{seed}.csv"

    def halves(self, role: str, run: str, seed: int | str) -> str:
        """Return the path of the same similarities on random halves of the probe."""
        return f"{self.folder}/similarity/halves/{role}/{run}/seed{seed}.csv"

    def table(self, figure: str) -> str:
        return f"{self.folder}/tables/{figure}.csv"


def checksums(images: list[str]) -> list[str]:
    """List the checksum files of some images. Snakemake compares them by content, because they are small."""
    return [path.removesuffix("safetensors") + "sha256" for path in images]

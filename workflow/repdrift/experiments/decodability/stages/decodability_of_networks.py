"""Fit linear probes of all layers of the networks of one target and seed, and compare what they predict."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from repdrift import command
from repdrift.data.numbering import chance_level
from repdrift.data.task_files import load_labels, load_part
from repdrift.experiments.decodability.measures import above_chance, disagreement, share_left
from repdrift.experiments.decodability.specs import Counts, ProbesSpec
from repdrift.experiments.decodability.tables import (
    ABOVE_CHANCE,
    ACCURACY,
    COLUMNS,
    DISAGREEMENT,
    FITTED,
    HELD_OUT,
    INITIAL,
    KAPPA,
    LEFT,
    PRETRAINED,
    SERIES,
    SOURCE,
    TARGET,
    TRAINED,
)
from repdrift.experiments.transfer.mistakes import error_consistency
from repdrift.machine.devices import device_name, prepare
from repdrift.networks import checkpoints
from repdrift.networks.linear_probes import fit
from repdrift.networks.network import Network
from repdrift.networks.principal import principal_coordinates
from repdrift.networks.representations import representations
from repdrift.provenance.artifacts import Job, write_csv

Row = dict[str, object]
PARTS = ("train", "test")  # of tasks, whose images are fitted and held out


@dataclass(frozen=True)
class Images:
    """The images of the source or of a target on which networks are probed.

    Attributes
    ----------
    pixels : uint8 Tensor [m + n, C, H, W]
        The m images that probes are fitted on, and then the n held-out ones. Networks read them in batches of 32 in
        this order, so one batch can have images of both. Labels play no role in that.
    fitted : int
        The number m.
    calibration : uint8 Tensor [c, C, H, W], optional
        The images on which BN statistics are estimated.
    """

    pixels: Tensor
    fitted: int
    calibration: Tensor | None

    @classmethod
    def load(cls, paths: Sequence[Path], tasks: Sequence[Path], counts: Counts, device: torch.device) -> "Images":
        """Read the fitted images from the training part of one task, and the held-out ones from the test part of one.

        Parameters
        ----------
        paths : sequence of Path
            The files of the two splits.
        tasks : sequence of Path
            The two tasks, which can be the same.
        counts : Counts
        device : torch.device
        """
        train, test = (
            load_part(path, task, part, device)[0] for path, task, part in zip(paths, tasks, PARTS, strict=True)
        )
        calibration = None if counts.calibration is None else train[: counts.calibration]
        pixels = torch.cat([train[: counts.images], test[: counts.test_images]])
        return cls(pixels, min(counts.images, len(train)), calibration)

    def parts(self, values: Tensor) -> dict[str, Tensor]:
        """Divide values [m + n] of the images into those of the fitted and of the held-out images."""
        return {FITTED: values[: self.fitted], HELD_OUT: values[self.fitted :]}


def labels_of(tasks: Sequence[Path], counts: Counts, *, true: bool) -> Tensor:
    """Return the labels int64 [m + n] of the images that `Images.load` reads: the true ones, or those of the tasks."""
    train, test = (load_labels(task, part, true=true) for task, part in zip(tasks, PARTS, strict=True))
    return torch.cat([train[: counts.images], test[: counts.test_images]])


def predictions(
    network: Network, images: Images, labels: Mapping[str, Tensor], spec: ProbesSpec, folder: Path
) -> dict[str, dict[str, Tensor]]:
    """Fit a probe of each layer to each kind of labels, and predict the labels of all images.

    Parameters
    ----------
    network : Network
    images : Images
    labels : mapping of str to int64 Tensor [m + n]
        The labels by their kind.
    spec : ProbesSpec
    folder : Path
        The folder of temporary files.

    Returns
    -------
    dict of str to dict of str to int64 Tensor [m + n]
        The predicted labels by layer and by kind, on the CPU.
    """
    layers = representations(network, images.pixels, images.calibration, reduce=spec.reduce, folder=folder)
    fitted = torch.stack([values[: images.fitted] for values in labels.values()]).to(images.pixels.device)
    found = {}
    for layer, values in layers.items():
        coordinates = principal_coordinates(values.to(images.pixels.device), images.fitted, f"layer {layer}")
        predicted = fit(coordinates[: images.fitted], fitted, spec.penalty).predict(coordinates).cpu()
        found[layer] = dict(zip(labels, predicted, strict=True))
    return found


def accuracy(predicted: Tensor, labels: Tensor) -> float:
    """Return the share of equal values."""
    return (predicted == labels).double().mean().item()


def accuracy_rows(
    predicted: Mapping[str, Mapping[str, Tensor]], labels: Mapping[str, Tensor], images: Images
) -> Iterator[Row]:
    """Yield the rows with the accuracies of the probes of a network, given what they predict."""
    for layer, by_kind in predicted.items():
        for kind, values in by_kind.items():
            expected = images.parts(labels[kind])
            for part, of_part in images.parts(values).items():
                found = accuracy(of_part, expected[part])
                corrected = above_chance(found, chance_level(expected[part].numpy()))
                for measure, value in ((ACCURACY, 100 * found), (ABOVE_CHANCE, corrected)):
                    yield {"layer": layer, "labels": kind, "part": part, "measure": measure, "value": value}


def comparison_rows(predicted: Mapping[str, Mapping[str, Tensor]], labels: Tensor) -> Iterator[Row]:
    """Yield the rows that compare networks by their probes for the source's labels.

    Parameters
    ----------
    predicted : mapping of str to mapping of str to int64 Tensor [n]
        The predicted labels of the held-out source images, by network and layer.
    labels : int64 Tensor [n]
    """
    for network, layers in predicted.items():
        for layer, values in layers.items():
            what = {"network": network, "layer": layer, "labels": SOURCE, "part": HELD_OUT}
            for reference in (INITIAL, PRETRAINED):
                # The order does not matter, so the pre-trained network is only a reference.
                if network in (PRETRAINED, reference):
                    continue
                theirs = predicted[reference][layer]
                kappa = error_consistency(values != labels, theirs != labels)
                for measure, value in ((KAPPA, kappa), (DISAGREEMENT, disagreement(values, theirs))):
                    yield {**what, "reference": reference, "measure": measure, "value": value}
            if network not in (INITIAL, PRETRAINED):
                found = (accuracy(predicted[name][layer], labels) for name in (network, INITIAL, PRETRAINED))
                yield {**what, "measure": LEFT, "value": share_left(*found)}


def main() -> None:
    flags = command.parser(__doc__, ProbesSpec)
    flags.add_argument("--networks", type=Path, nargs="+", required=True, help="initial, pre-trained, fine-tuned")
    flags.add_argument("--tasks", type=Path, nargs="+", required=True, help="two of the source, then of fine-tunings")
    flags.add_argument("--images", type=Path, nargs=4, required=True, help="splits of the source, then of the target")
    flags.add_argument("--gpus", type=int, default=0)
    args = flags.parse_args()
    spec: ProbesSpec = args.spec
    device = prepare(args.gpus)
    job = Job(spec, args.code, [*args.networks, *args.tasks, *sorted(set(args.images))], device_name(device))

    of_source, tuned = args.tasks[:2], args.tasks[2:]
    of_target = [tuned[0]] * 2  # all tasks of a target have the same images and true labels
    source = Images.load(args.images[:2], of_source, spec.source, device)
    target = Images.load(args.images[2:], of_target, spec.target, device)
    source_labels = {SOURCE: labels_of(of_source, spec.source, true=True)}
    true = labels_of(of_target, spec.target, true=True)
    trained = {
        one.run: labels_of([task] * 2, spec.target, true=False) for one, task in zip(spec.tuned, tuned, strict=True)
    }
    names = {INITIAL: "initial", PRETRAINED: "pre-trained", **{one.run: one.series for one in spec.tuned}}

    rows: list[Row] = []
    held_out: dict[str, dict[str, Tensor]] = {}  # the predicted labels of the source's held-out images
    for name, path in zip(names, args.networks, strict=True):
        network = checkpoints.load_with_its_head(path, spec.network).to(device)
        own = trained.get(name, true)
        target_labels = {TARGET: true} if torch.equal(own, true) else {TARGET: true, TRAINED: own}
        for images, labels in ((source, source_labels), (target, target_labels)):
            predicted = predictions(network, images, labels, spec, args.output.parent)
            rows += ({"network": name, **row} for row in accuracy_rows(predicted, labels, images))
            if images is source:
                held_out[name] = {layer: source.parts(found[SOURCE])[HELD_OUT] for layer, found in predicted.items()}
    rows += comparison_rows(held_out, source.parts(source_labels[SOURCE])[HELD_OUT])
    whose = {"dataset": spec.dataset, "seed": spec.seed, "reference": ""}
    table = [{**whose, **row, SERIES: names[str(row["network"])]} for row in rows]
    job.save(args.output, lambda file: write_csv(file, table, COLUMNS))
    print(f"{spec.dataset}, seed {spec.seed}: {len(names)} networks, {len(table)} numbers")

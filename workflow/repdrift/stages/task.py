"""Draw the labels of a task for one seed, and the permutation of its pixels if they are shuffled.

The task holds the indices of its images in the data set, so no image is copied.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from repdrift import command
from repdrift.data.labels import transform_labels
from repdrift.data.shuffle import permutation
from repdrift.errors import UserError
from repdrift.provenance.artifacts import Job
from repdrift.seeds import seed_for
from repdrift.specs import TaskSpec
from repdrift.study.tasks import Part

Indices = NDArray[np.int64]


def draw(part: Part, path: Path, spec: TaskSpec, images: int | None) -> dict[str, Indices]:
    """Draw one part (train or test) of a task.

    Parameters
    ----------
    part : Part
        The range of the data set.
    path : Path
        The file of its split.
    spec : TaskSpec
    images : int, optional
        Number of images that are kept if the task has some of the classes only. None is for all.

    Returns
    -------
    dict of str to int64 [N]
        ``index`` of each image in the split, its ``true_label``, and the ``label`` that networks are trained on.

    Raises
    ------
    UserError
        If the split has too few images, or too few of the classes.
    """
    start, stop = part.start, part.stop
    with safe_open(path, framework="numpy") as file:
        labels = file.get_slice("labels")
        (available,) = labels.get_shape()
        if stop > available:
            raise UserError(f"{path}: images {start} to {stop} are wanted, it has {available}")
        true = labels[start:stop]
    subject = f"{spec.dataset}/{part.split}/{start}"
    drawn = transform_labels(true, spec.labels, spec.classes, spec.seed, subject)
    kept = np.arange(len(true))
    if spec.kept.classes is not None:
        kept = first(kept[true < spec.kept.classes], images, f"{path}, {start} to {stop}", spec.kept.classes)
    return {"index": kept + start, "true_label": true[kept], "label": drawn[kept]}


def first(indices: Indices, count: int | None, where: str, classes: int | None) -> Indices:
    """Return the first `count` indices of images of the first classes, or all if no number is given.

    Raises
    ------
    UserError
        If there are fewer, or none at all.
    """
    if not len(indices):
        raise UserError(f"{where}: no image is of the first {classes} classes")
    if count is not None and count > len(indices):
        raise UserError(f"{where}: {len(indices)} images are of the first {classes} classes, {count} are wanted")
    return indices[:count]


def pixels(path: Path, side: int, seed: int) -> Indices:
    """Draw the permutation of the pixels, which is the same for training and test images."""
    with safe_open(path, framework="numpy") as file:
        _, *shape = file.get_slice("images").get_shape()
    generator = np.random.Generator(np.random.PCG64(seed_for("pixels", seed, str(side))))
    return permutation((shape[0], shape[1], shape[2]), side, generator)


def main() -> None:
    flags = command.parser(__doc__, TaskSpec)
    flags.add_argument("--images", type=Path, nargs=2, required=True, help="files of the training and test splits")
    args = flags.parse_args()
    spec: TaskSpec = args.spec
    job = Job(spec, args.code, sorted(set(args.images)))
    limits = {"train": spec.kept.images, "test": None}
    arrays = {
        f"{part}_{name}": values
        for (part, limit), path in zip(limits.items(), args.images, strict=True)
        for name, values in draw(getattr(spec, part), path, spec, limit).items()
    }
    if spec.shuffle is not None:
        arrays["pixels"] = pixels(args.images[0], spec.shuffle, spec.seed)
    changed = (arrays["train_label"] != arrays["train_true_label"]).mean()
    print(f"{spec.task}, seed {spec.seed}: {changed:.1%} of the training labels are not the true ones")
    job.save(args.output, lambda file: np.savez(file, allow_pickle=False, **arrays))

"""Draw the labels of a task for one seed; images are never copied, the task holds their range."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from repdrift.artifacts import Job
from repdrift.errors import UserError
from repdrift.labels import transform_labels
from repdrift.stages import command


def draw(part: dict[str, Any], path: Path, spec: dict[str, Any]) -> dict[str, NDArray[np.int64]]:
    """Indices, true labels and labels as trained on (int64 [N] each) of one part (train or test) of a task."""
    start, stop = part["start"], part["stop"]
    with safe_open(path, framework="numpy") as file:
        labels = file.get_slice("labels")
        (available,) = labels.get_shape()
        if stop > available:
            raise UserError(f"{path}: images {start} to {stop} are wanted, it has {available}")
        true = labels[start:stop]
    subject = f"{spec['dataset']}/{part['split']}/{start}"
    drawn = transform_labels(true, spec["labels"], spec["classes"], spec["seed"], subject)
    return {"index": np.arange(start, stop, dtype=np.int64), "true_label": true, "label": drawn}


def main() -> None:
    flags = command.parser(__doc__)
    flags.add_argument("--images", type=Path, nargs=2, required=True, help="of training and of testing")
    args = flags.parse_args()
    job = Job(args.spec, args.code, sorted(set(args.images)))
    arrays = {
        f"{part}_{name}": values
        for part, path in zip(("train", "test"), args.images, strict=True)
        for name, values in draw(args.spec[part], path, args.spec).items()
    }
    changed = (arrays["train_label"] != arrays["train_true_label"]).mean()
    print(f"{args.spec['task']}, seed {args.spec['seed']}: {changed:.1%} of the training labels are not the true ones")
    job.save(args.output, lambda file: np.savez(file, allow_pickle=False, **arrays))


if __name__ == "__main__":
    command.run(main)

"""Decode one split of a data set into one file that all studies share."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors.numpy import save_file

from repdrift import command
from repdrift.data import datasets
from repdrift.data.numbering import Classes, class_counts
from repdrift.provenance.artifacts import Job, sha256, write_atomically, write_csv
from repdrift.specs import DataSetSpec


def main() -> None:
    flags = command.parser(__doc__, DataSetSpec)
    flags.add_argument("--folder", type=Path, required=True, help="folder of the raw data sets")
    args = flags.parse_args()
    spec: DataSetSpec = args.spec
    settings = spec.dataset
    images, labels, classes, files, note = datasets.read(settings, spec.split, args.folder)
    print(f"{settings['reader']}, split {spec.split}: {len(labels)} images" + (f"; {note}" if note else ""))
    counts = class_rows(classes, labels)
    for row in counts:
        print(f"class {row['class']}, label {row['label']}: {row['images']} images")
    tensors: dict[str, NDArray[Any]] = {"images": images, "labels": labels}
    # The files are listed after reading, since reading downloads the missing ones.
    job = Job(spec, args.code, files)
    job.save(args.output, lambda file: save_file(tensors, file))
    job.save(args.output.with_suffix(".classes.csv"), lambda file: write_csv(file, counts, list(counts[0])))
    line = f"{sha256(args.output)}  {args.output.name}\n"
    write_atomically(args.output.with_suffix(".sha256"), lambda file: file.write_text(line))


def class_rows(classes: Classes, labels: NDArray[Any]) -> list[dict[str, object]]:
    """Return a row for each class: its number, its label in the raw data and its number of images."""
    counts = class_counts(labels, classes.count).tolist()
    names = classes.names or range(classes.count)
    rows = zip(names, counts, strict=True)
    return [{"class": place, "label": name, "images": count} for place, (name, count) in enumerate(rows)]

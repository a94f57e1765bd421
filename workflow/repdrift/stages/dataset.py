"""Decode one split of a data set into one file that all studies share."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors.numpy import save_file

from repdrift import command
from repdrift.data import datasets
from repdrift.provenance.artifacts import Job, sha256, write_atomically
from repdrift.specs import DataSetSpec


def main() -> None:
    flags = command.parser(__doc__, DataSetSpec)
    flags.add_argument("--folder", type=Path, required=True, help="folder of the raw data sets")
    args = flags.parse_args()
    spec: DataSetSpec = args.spec
    settings = spec.dataset
    images, labels = datasets.read(settings, args.spec.split, args.folder)
    print(f"{settings['reader']}, split {args.spec.split}: {len(labels)} images")
    tensors: dict[str, NDArray[Any]] = {"images": images, "labels": labels}
    # The sources are listed after reading, since reading downloads the missing ones.
    job = Job(args.spec, args.code, datasets.sources(settings, args.spec.split, args.folder))
    job.save(args.output, lambda file: save_file(tensors, file))
    line = f"{sha256(args.output)}  {args.output.name}\n"
    write_atomically(args.output.with_suffix(".sha256"), lambda file: file.write_text(line))

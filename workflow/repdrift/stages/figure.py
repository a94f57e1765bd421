"""Draw a figure from its table, as SVG and PDF for papers and as PNG for looking."""

from functools import partial
from pathlib import Path

from repdrift import command, figures
from repdrift.provenance.artifacts import Job


def main() -> None:
    flags = command.parser(__doc__)
    flags.add_argument("--table", type=Path, required=True)
    args = flags.parse_args()
    job = Job(args.spec, args.code, [args.table])
    drawn = figures.draw(args.table, args.spec["kind"], args.spec["network"])
    for extension in figures.FORMATS:
        path = args.output.with_suffix(f".{extension}")
        job.save(path, partial(figures.write, drawn, extension=extension))
    print(f"{args.spec['figure']}: drawn from {args.table}")

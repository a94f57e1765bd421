"""Draw a figure from its table, as SVG and PDF for papers and as PNG for viewing."""

from functools import partial
from pathlib import Path

from repdrift import command, figures
from repdrift.figures.venue import Venue
from repdrift.provenance.artifacts import Job
from repdrift.specs import FigureSpec


def main() -> None:
    flags = command.parser(__doc__, FigureSpec)
    flags.add_argument("--table", type=Path, required=True)
    args = flags.parse_args()
    spec: FigureSpec = args.spec
    job = Job(spec, args.code, [args.table])
    drawn = figures.draw(args.table, spec.kind, spec.network, Venue(spec.width, spec.font))
    for extension in figures.FORMATS:
        path = args.output.with_suffix(f".{extension}")
        job.save(path, partial(figures.write, drawn, extension=extension))
    print(f"{spec.figure}: drawn from {args.table}")

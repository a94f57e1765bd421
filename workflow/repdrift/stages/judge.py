"""Judge the claims of a paper, and write a table of their contrasts and a table of their verdicts."""

from pathlib import Path

from repdrift import command
from repdrift.claims.judging import (
    CLAIMS,
    CONTRASTS,
    judge_claims,
    measured_by_estimators,
    other_numbers,
    read,
    read_histories,
)
from repdrift.provenance.artifacts import Job, write_csv
from repdrift.provenance.csv_tables import read_csv
from repdrift.specs import JudgeSpec


def main() -> None:
    flags = command.parser(__doc__, JudgeSpec)
    flags.add_argument("--similarities", type=Path, nargs="*", required=True)
    flags.add_argument("--halves", type=Path, nargs="*", required=True, help="similarities on halves of the probe")
    flags.add_argument("--curves", type=Path, nargs="*", required=True)
    flags.add_argument("--histories", type=Path, nargs="*", required=True)
    flags.add_argument("--tables", type=Path, nargs="*", required=True, help="tables of experiments")
    flags.add_argument("--verdicts", type=Path, required=True, help="output: the table of the claims")
    args = flags.parse_args()
    spec: JudgeSpec = args.spec
    named = zip(spec.tables.items(), args.tables, strict=True)
    others = other_numbers(
        spec.claims,
        read_histories(spec.histories, args.histories),
        {name: read_csv(path, columns) for (name, columns), path in named},
        spec.tables,
    )
    tables = (read(paths) for paths in (args.similarities, args.halves, args.curves))
    estimators = list(measured_by_estimators(*tables, calibrated=spec.calibrated))
    contrasts, verdicts = judge_claims(spec.claims, estimators, others, spec.regime)
    job = Job(spec, args.code, [*args.similarities, *args.halves, *args.curves, *args.histories, *args.tables])
    job.save(args.output, lambda file: write_csv(file, contrasts, CONTRASTS))
    job.save(args.verdicts, lambda file: write_csv(file, verdicts, CLAIMS))
    for row in verdicts:
        print(": ".join(str(row[name]) for name in ("claim", "estimator", "verdict", "reason") if row[name]))

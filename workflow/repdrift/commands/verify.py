"""Check that the artifacts of a study are what their sidecars say, and that the present code made them.

The command prints each artifact that is altered (its content or place is not what was written), stale (an input or the
code has changed since) or unknown (it has no sidecar), and ends with exit code 1 if there is one. It does not need the
folder .snakemake.
"""

import argparse
import sys
from pathlib import Path

from repdrift.provenance.verification import Verification


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", type=Path, metavar="results/STUDY")


def run(args: argparse.Namespace) -> None:
    verification = Verification(args.study)
    faults = list(verification.faults())
    for fault in faults:
        print(fault)
    wrong = {fault.path for fault in faults}
    good = f"{len(verification.paths) - len(wrong)} as they were made"
    adopted = len(set(verification.adopted) - wrong)
    also = f", {adopted} of them by other code, and adopted" if adopted else ""
    print(f"{args.study}: {len(verification.paths)} artifacts, {good}{also}")
    for (package, then), count in verification.other_versions().items():
        print(f"note: {count} artifacts were made with {package} {then}, which is not the installed version")
    if faults:
        kinds = [f"{sum(fault.kind == kind for fault in faults)} {kind}" for kind in ("altered", "stale", "unknown")]
        sys.exit(f"error: {', '.join(kinds)}")

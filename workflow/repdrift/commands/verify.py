"""Check that the artifacts of a study are what their sidecars say, and that the present code made them.

The command prints each artifact that is altered (its content or place is not what was written), stale (an input or the
code has changed since) or unknown (it has no sidecar), and ends with exit code 1 if there is one. It does not need the
folder .snakemake.

It also takes the folder of an unpacked RO-Crate that `repdrift export --crate` has written, of anybody's study. A file
that the crate says it has and that is not there is missing, which is a fault too. Weights, representations and images
are not in a crate, and this is no fault. Nor is it a fault if a file was made by other code than the present code.
"""

import argparse
import contextlib
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from repdrift.provenance import crates
from repdrift.provenance.verification import Fault, Verification


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", type=Path, metavar="results/STUDY", help="or the folder of a crate")


def run(args: argparse.Namespace) -> None:
    if crates.is_crate(args.study):
        verify_crate(args.study)
        return
    verification = Verification(args.study)
    tell(args.study, verification, list(verification.faults()), verification.paths)


def verify_crate(folder: Path) -> None:
    """Check an unpacked crate. Its sidecars name all files relative to its folder."""
    with contextlib.chdir(folder):
        verification = Verification(crates.study_in(Path()))
        missing = [Path(name) for name in crates.parts(Path()) if not Path(name).exists()]
        faults = [Fault(path, "missing", "the crate says that it has this file") for path in missing]
        faults += verification.faults(code=False)
        there = [path for path in verification.paths if path.exists()]
        left_out = Counter(
            kind(path) for path in verification.paths if path.suffix in crates.LEFT_OUT and not path.exists()
        )
        if left_out:
            words = ", ".join(f"{count} {name}" for name, count in left_out.items())
            print(f"note: the crate has only the sidecars of {words}: such files are large, and not part of a crate")
        tell(folder, verification, faults, there)


def kind(path: Path) -> str:
    """Return what a large file has: images, or what the name of its folder in the study says."""
    return "images" if path.parts[1] == "datasets" else path.parts[2]


def tell(study: Path, verification: Verification, faults: Sequence[Fault], paths: Sequence[Path]) -> None:
    """Print the faults and how many artifacts have none, and end with exit code 1 if there is a fault."""
    for fault in faults:
        print(fault)
    wrong = {fault.path for fault in faults}
    good = f"{len(set(paths) - wrong)} as they were made"
    adopted = len(set(verification.adopted) - wrong)
    also = f", {adopted} of them by other code, and adopted" if adopted else ""
    print(f"{study}: {len(paths)} artifacts, {good}{also}")
    for (package, then), count in verification.other_versions().items():
        print(f"note: {count} artifacts were made with {package} {then}, which is not the installed version")
    if faults:
        counts = Counter(fault.kind for fault in faults)
        usual = [f"{counts[name]} {name}" for name in ("altered", "stale", "unknown")]
        kinds = [*usual, *([f"{counts['missing']} missing"] if counts["missing"] else [])]
        sys.exit(f"error: {', '.join(kinds)}")

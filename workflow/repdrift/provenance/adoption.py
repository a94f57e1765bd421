"""Results of earlier code are declared good for the present code, and nothing is run.

What is there is compared with what would be made now. The two may differ in code, and in nothing else: neither in
settings, nor in the files that an artifact was made of. The artifact itself must be as it was made.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import repdrift
from repdrift.canonical import canonical
from repdrift.provenance.artifacts import record, seal, sealed, sidecar, write_sidecar
from repdrift.provenance.differences import differences, shortened
from repdrift.provenance.planned_jobs import PlannedJob, RecordedJob, snakemake
from repdrift.provenance.verification import (
    UNTRACKED,
    Fault,
    Verification,
    changed_modules,
    declared_code,
    present_modules,
)

Plan = Mapping[Path, PlannedJob]  # the job that would make each artifact now

# Keys of a spec with words that tables, figures and the report show. No number depends on them.
WORDS = {"caption", "label", "sentence", "title"}


@dataclass(frozen=True)
class Decision:
    """What is to become of the artifacts of a study.

    Attributes
    ----------
    adopted : dict of Path to PlannedJob
        Artifacts that other code has made, each with the job that would make it now. An artifact that was deleted is
        among them if its sidecar is there and something was made of it.
    current : list of Path
        Artifacts that the present code has made, or that are adopted for it already.
    reworded : list of Path
        Artifacts that are to be made again, since they show words that have changed, and all that is made of them.
    refused : list of Fault
        Everything that prevents the adoption.
    """

    adopted: dict[Path, PlannedJob]
    current: list[Path]
    reworded: list[Path]
    refused: list[Fault]


def plan_of(jobs: Iterable[PlannedJob]) -> dict[Path, PlannedJob]:
    """Give the job that would make each artifact; files that have no sidecars by design are left out."""
    return {path: job for job in jobs for path in job.outputs if path.suffix not in UNTRACKED}


def present_and_origins(plan: Plan) -> list[Path]:
    """Give the artifacts that are there, the others of the same jobs, and all that these would be made of now."""
    found: set[Path] = set()
    waiting = [path for path in plan if path.exists()]
    while waiting:
        path = waiting.pop()
        if path in plan and path not in found:
            found.update(other for other in plan[path].outputs if other in plan)
            waiting.extend(plan[path].inputs)
    return [path for path in plan if path in found]


def made_of(paths: Iterable[Path], plan: Plan) -> set[Path]:
    """Give these artifacts, and all that would be made of them."""
    found = set(paths)
    while more := {path for path, job in plan.items() if path not in found and not found.isdisjoint(job.inputs)}:
        found |= more
    return found


def vanished(plan: Plan) -> list[Path]:
    """Give the artifacts that are gone with their sidecars, though what would be made of them now is there."""
    paths = present_and_origins(plan)
    read = {name for path in paths for name in plan[path].inputs}
    return [path for path in paths if path in read and not path.exists() and record(path) is None]


def decide(plan: Plan, recorded: Mapping[Path, RecordedJob], verification: Verification) -> Decision:
    """Check all artifacts that are there, and all that they are made of.

    Parameters
    ----------
    plan : dict of Path to PlannedJob
        All artifacts that a run of the whole study would make.
    recorded : dict of Path to RecordedJob
        What Snakemake has recorded of the jobs of those that have `vanished`.
    verification : Verification
        Of the same study. It reads each file once.

    Returns
    -------
    Decision
        Artifacts that were never made are in none of its parts.
    """
    decision = Decision({}, [], [], [])
    paths = present_and_origins(plan)
    gone = set(vanished(plan))
    made = {path: found for path in paths if (found := record(path)) is not None}
    reworded = made_of((path for path, found in made.items() if is_reworded(found, plan[path])), plan)
    for path in paths:
        if path in made:
            faults = list(faults_of(path, made[path], plan, verification))
        elif path in gone:
            faults = list(faults_of_vanished(path, recorded.get(path), plan))
        else:
            faults = [Fault(path, "unknown", "no sidecar says what it is made of")] if path.exists() else []
        decision.refused.extend(faults)
        if path in reworded:
            decision.reworded.append(path)
        elif path in made and not faults:
            if declared_code(made[path]).get("code") == plan[path].code and not changed_modules(made[path]):
                decision.current.append(path)
            else:
                decision.adopted[path] = plan[path]
    return decision


def faults_of(path: Path, made: Mapping[str, Any], plan: Plan, verification: Verification) -> Iterator[Fault]:
    """Give everything but code in which an artifact with a sidecar is not what its job would make now."""
    yield from verification.alterations(path, made)
    if made.get("seal") == seal(made):  # or nothing else that it says can be believed
        yield from verification.changed_inputs(path, made)
        read = map(Path, made["inputs"])
        artifacts = [name for name in read if name in plan or sidecar(name).exists()]
        yield from different_settings(path, made["spec"], artifacts, plan)


def faults_of_vanished(path: Path, recorded: RecordedJob | None, plan: Plan) -> Iterator[Fault]:
    """Return what Snakemake's records of its job say against the adoption of an artifact that has vanished."""
    if recorded is None:
        yield Fault(path, "unknown", "it is gone, nothing says how it was made, and others were made of it")
    else:
        yield from different_settings(path, recorded.spec, [name for name in recorded.inputs if name in plan], plan)


def different_settings(path: Path, spec: Mapping[str, Any], artifacts: Sequence[Path], plan: Plan) -> Iterator[Fault]:
    """Give each difference between how an artifact was made and how it would be made now, apart from code.

    The names of the artifacts that a job reads are settings too: the name of a data set's folder, say, depends on how
    large the data set is.
    """
    job = plan[path]
    for difference in differences(settings(spec), settings(job.spec)):
        yield Fault(path, "differs", difference)
    only_then = sorted({str(name) for name in artifacts if name not in job.inputs})
    only_now = sorted({str(name) for name in job.inputs if name in plan and name not in artifacts})
    if only_then or only_now:
        yield Fault(path, "differs", f"inputs {shortened(only_then, 200)} -> {shortened(only_now, 200)}")


def settings(spec: object) -> object:
    """Give a spec, or a part of one, without its words."""
    if isinstance(spec, Mapping):
        return {key: settings(value) for key, value in spec.items() if key not in WORDS}
    return [settings(value) for value in spec] if isinstance(spec, list) else spec


def is_reworded(made: Mapping[str, Any], job: PlannedJob) -> bool:
    """Say whether an artifact differs in words, and in no setting, from what its job would make now."""
    if made.get("seal") != seal(made):
        return False
    return canonical(made["spec"]) != canonical(job.spec) and canonical(settings(made["spec"])) == canonical(
        settings(job.spec)
    )


def adopted(made: Mapping[str, Any], job: PlannedJob, now: float) -> dict[str, Any]:
    """Give the sidecar of an artifact once it is adopted: all that it says stays, and an entry is added.

    Parameters
    ----------
    made : dict
        The sidecar as it is.
    job : PlannedJob
        The job that would make the artifact now.
    now : float
        Seconds since 1970.
    """
    entry = {
        "code": job.code,
        "program": job.program,
        "modules": present_modules(job.program, job.spec),
        "before": declared_code(made).get("code"),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "version": repdrift.__version__,
    }
    return {**made, "adopted": [*made.get("adopted", []), entry]}


@contextmanager
def adopting(decision: Decision, now: float) -> Iterator[None]:
    """Write the sidecars of the adopted artifacts; if this or what follows fails, put all of them back as they were."""
    before: dict[Path, dict[str, Any]] = {}
    try:
        for path, job in decision.adopted.items():
            made = record(path)
            if made is not None:
                before[path] = made
                write_sidecar(path, adopted(made, job, now))
        yield
    except BaseException:
        for path, made in before.items():
            # A job that runs meanwhile may have written another one.
            if record(path) == sealed(adopted(made, decision.adopted[path], now)):
                write_sidecar(path, made)
        raise


def tell_snakemake(decision: Decision, configfiles: Sequence[str]) -> None:
    """Let Snakemake record that the artifacts that are there are as its jobs would make them now.

    ``snakemake --touch`` runs nothing: it gives the files of a job the time of now, and records settings, code
    and inputs of the job. It does so for the jobs that Snakemake would run otherwise, and is forced to for the adopted
    artifacts: without records, as in a study that was copied, Snakemake would see no later change of code.
    """
    there = [path for path in (*decision.current, *decision.adopted) if path.exists()]
    if there:
        forced = [str(path) for path in decision.adopted if path.exists()]
        flags = ["--forcerun", *forced] if forced else []
        # Without `--notemp`, activations that the config does not keep would be deleted when they are touched.
        snakemake(["--touch", "--notemp", "--no-hooks", *flags], configfiles, there)

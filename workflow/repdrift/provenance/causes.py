"""Why a job would run now, in terms of how its output was made."""

from repdrift.provenance.artifacts import record
from repdrift.provenance.differences import differences
from repdrift.provenance.planned_jobs import PlannedJob
from repdrift.provenance.verification import changed_modules, declared_code

DERIVED = "Input files updated by another job: "
UPDATED = "Updated input files: "


def causes(job: PlannedJob) -> list[str]:
    """Return the reasons why a job would run. There is none if it would run only because another job runs."""
    missing = [path for path in job.outputs if not path.exists()]
    made = next(filter(None, map(record, job.outputs)), None)
    if made is None:
        return ["never made"]
    found = [f"missing: {path}" for path in missing if str(path) in job.reason]
    found += [f"changed setting: {difference}" for difference in differences(made["spec"], job.spec)]
    if declared_code(made).get("code") != job.code:
        found.append(f"changed code: {', '.join(changed_modules(made)) or 'it is not recorded which'}")
    if job.reason.startswith(UPDATED):
        found.append(f"changed input: {job.reason.removeprefix(UPDATED)}")
    if found or job.reason.startswith(DERIVED):
        return found
    return [job.reason]

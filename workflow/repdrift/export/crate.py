"""A finished study as a Workflow Run RO-Crate: a folder with its results and sidecars, and JSON-LD that describes them.

The profile is https://w3id.org/ro/wfrun/workflow/0.5. Weights, representations and images are left out, because they
are large. Their sidecars are there, so that `repdrift verify` still follows every result to the raw data.
"""

import contextlib
import tempfile
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from repdrift.errors import UserError
from repdrift.export.finished import REPORT, VERDICTS, Finished
from repdrift.provenance.artifacts import record, sidecar
from repdrift.provenance.crates import LEFT_OUT
from repdrift.provenance.verification import Verification
from repdrift.study.config import DEFAULTS

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
# A property that the context of RO-Crate 1.1 lacks, as the context of 1.2 defines it.
TERMS = {"sha256": "http://schema.org/sha256"}
TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".npz": "application/zip",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".yaml": "application/yaml",
}
WORKFLOW = "repdrift, a workflow on representations that change in training"
SETTINGS, README = "settings.yaml", "README.md"
TEXT = """# The study {study}

This folder is a Workflow Run RO-Crate. `ro-crate-metadata.json` says what each file is.

- `results/{study}/report.html` shows all figures and verdicts
- `results/{study}/figures`, `results/{study}/tables`: the figures, and the table that each of them is drawn from
- `settings.yaml`: the config of the study
- `NAME.json` beside a file NAME, its sidecar: what it was made of, by which code and versions, and its SHA-256

Weights, representations and images are left out; their sidecars are here. `repdrift verify FOLDER`, given this folder,
checks that every file is what its sidecar says.
"""
SHOWN = ("figures", "tables")  # folders whose files the crate lists as the results of the run
NO_LICENSE = "The authors of the study have stated no license for its results."

Records = Mapping[Path, Mapping[str, Any]]


def write(study: Finished, folder: Path, license_url: str | None) -> str:
    """Write the crate, and return in words what was written.

    Raises
    ------
    UserError
        If the folder is there already, or the library that writes crates is not installed.
    """
    try:
        from rocrate.rocrate import ROCrate  # noqa: PLC0415  an extra
    except ModuleNotFoundError:
        raise UserError('crates need the package rocrate; install it with pip install "repdrift[export]"') from None
    if folder.exists():
        raise UserError(f"{folder}: is there already; delete it, or name another folder")
    whole = study.folder.absolute()
    root, name = whole.parents[1], Path(*whole.parts[-2:])
    with contextlib.chdir(root):  # sidecars name all files relative to the folder that the workflow runs in
        paths = Verification(name).paths
        records = {path: made for path in paths if (made := record(path))}
    kept = [path for path in paths if (root / path).exists() and path.suffix not in LEFT_OUT]
    crate: Any = ROCrate(version="1.1")
    crate.metadata.extra_terms.update(TERMS)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as temporary:
        readme = Path(temporary, README)
        readme.write_text(TEXT.format(study=study.name), encoding="utf-8")
        crate.add_file(readme, README, properties={"encodingFormat": "text/markdown", "about": crate.root_dataset})
        settings = Path(temporary, SETTINGS)
        settings.write_text(yaml.safe_dump(study.config, sort_keys=False), encoding="utf-8")
        fill(crate, study, settings=settings, root=root, kept=kept, records=records)
        describe(crate, study, records, license_url)
        built = Path(temporary, "crate")
        crate.write(built)
        built.rename(folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return f"{folder}: {len(kept)} results with {len(records)} sidecars, {size / 1e6:.1f} MB"


def fill(
    crate: Any,  # noqa: ANN401
    study: Finished,
    *,
    settings: Path,
    root: Path,
    kept: Collection[Path],
    records: Records,
) -> None:
    """Add the workflow, the settings, the results and all sidecars, and the run that connects them."""
    workflow = crate.add_workflow(
        DEFAULTS.with_name("Snakefile"),
        "Snakefile",
        main=True,
        lang="snakemake",
        properties={"name": WORKFLOW, "version": version("repdrift")},
    )
    for path in sorted([*DEFAULTS.parent.glob("workflow/rules/*.smk"), *DEFAULTS.parent.glob("workflow/**/rules.smk")]):
        rules = crate.add_file(
            path, path.relative_to(DEFAULTS.parent).as_posix(), properties={"encodingFormat": "text/plain"}
        )
        workflow.append_to("hasPart", rules)
    config = crate.add_file(
        settings, SETTINGS, properties={"name": "The config of the study", "encodingFormat": TYPES[".yaml"]}
    )
    titles = {shown["name"]: shown for shown in study.report_spec["figures"]}
    files = {
        path: crate.add_file(root / path, path.as_posix(), properties=properties(path, titles, records))
        for path in kept
    }
    results = [file for path, file in files.items() if path.parent.name in SHOWN or path.name in (REPORT, VERDICTS)]
    for path in records:
        told = {"name": f"The sidecar of {path.as_posix()}", "encodingFormat": TYPES[".json"]}
        added = crate.add_file(root / sidecar(path), sidecar(path).as_posix(), properties=told)
        if path in files:
            added["about"] = files[path]
    started, ended = span(records)
    run = crate.add_action(
        workflow,
        "#run",
        object=config,
        result=results,
        properties={
            "name": f"The run of the workflow that made the study {study.name}",
            "description": f"All jobs of the study, as their sidecars record them, on {machines(records)}",
            "startTime": started,
            "endTime": ended,
            "actionStatus": "http://schema.org/CompletedActionStatus",
        },
    )
    crate.root_dataset["mentions"] = run


def properties(path: Path, titles: Mapping[str, Mapping[str, str]], records: Records) -> dict[str, object]:
    """Return the properties of a result: its type, its checksum, and the title and caption of a figure or table."""
    shown = titles.get(path.stem, {}) if path.parent.name in SHOWN else {}
    found: dict[str, object] = {"encodingFormat": TYPES.get(path.suffix, "application/octet-stream")}
    found["name"] = shown.get("title", path.name)
    if shown:
        found["description"] = shown["caption"]
    if path in records:
        found["sha256"] = records[path]["sha256"]
    return found


def machines(records: Records) -> str:
    """Return the devices on which the jobs ran, in words."""
    return ", ".join(sorted({str(made.get("device", "cpu")) for made in records.values()}))


def span(records: Records) -> tuple[str, str]:
    """Return when the first job began and when the last one ended."""
    times = [(datetime.strptime(made["started"], "%Y-%m-%dT%H:%M:%S%z"), made["seconds"]) for made in records.values()]
    first = min(started for started, _ in times)
    last = max(started + timedelta(seconds=seconds) for started, seconds in times)
    return first.astimezone(UTC).isoformat(), last.astimezone(UTC).isoformat(timespec="seconds")


def describe(crate: Any, study: Finished, records: Records, license_url: str | None) -> None:  # noqa: ANN401
    """Describe the crate as a whole: its profiles, name, license and date."""
    from rocrate.model.contextentity import ContextEntity  # noqa: PLC0415

    profiles = [
        crate.add(ContextEntity(crate, url, properties={"@type": "CreativeWork", "name": name, "version": version}))
        for url, (name, version) in PROFILES.items()
    ]
    crate.root_dataset["conformsTo"] = profiles
    crate.name = f"The study {study.name} of repdrift"
    claims = study.verdicts["claim"].nunique()
    crate.description = (
        f"How representations change in training: {len(study.report_spec['figures'])} figures with their tables, and "
        f"the verdicts on {claims} claims, of {len(study.config['seeds'])} seeds. Weights, representations and images "
        "are left out; their sidecars are here. `repdrift verify` checks the crate."
    )
    crate.root_dataset["datePublished"] = span(records)[1]  # of the results, so that a study gives the same crate
    crate.license = (
        crate.add(ContextEntity(crate, license_url, properties={"@type": "CreativeWork", "name": license_url}))
        if license_url
        else NO_LICENSE
    )

"""Where the files of the workflow lie that are not part of the package: Snakefile, `config.yaml`, rules and presets.

In a clone they lie beside the package, where Snakemake and its catalogue look for them. An installed package carries
copies of them (`[tool.hatch.build.targets.wheel.force-include]` in `pyproject.toml`), laid out as in a clone.

The Snakefile imports this module, so it needs nothing heavy.
"""

from pathlib import Path

PACKAGE = Path(__file__).parent
LIBRARY = PACKAGE.parent  # the folder from which `repdrift` is imported
CARRIED = PACKAGE / "_workflow"
ROOT = CARRIED if CARRIED.is_dir() else LIBRARY.parent
SNAKEFILE = ROOT / "Snakefile"
# Where Snakemake looks for a workflow that it is not given.
FOUND_BY_SNAKEMAKE = ("Snakefile", "snakefile", "workflow/Snakefile", "workflow/snakefile")


def snakefile_flags(snakefile: str | None = None) -> list[str]:
    """Return the flags by which Snakemake finds a workflow: by default that of the working directory, or else ours."""
    if snakefile is None and any(Path(name).is_file() for name in FOUND_BY_SNAKEMAKE):
        return []
    return ["--snakefile", snakefile or str(SNAKEFILE)]

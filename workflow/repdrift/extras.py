"""The packages that only some uses of repdrift need. `pip install "repdrift[NAME]"` installs them."""

from importlib.util import find_spec

from repdrift.errors import UserError

# Each extra of pyproject.toml that the library imports, with the names by which its packages are imported.
MODULES = {
    "workflow": ("jinja2", "jsonschema", "psutil", "rich", "snakemake", "torchvision", "yaml"),
    "plots": ("matplotlib", "seaborn"),
    "files": ("h5py", "pyarrow"),
    "export": ("rocrate",),
}


def require(module: str, purpose: str) -> None:
    """Refuse what needs a package that is not installed.

    Parameters
    ----------
    module : str
        The name by which the package is imported.
    purpose : str
        What needs the package, as the first words of the message: ``"a heatmap"``.

    Raises
    ------
    UserError
        If the package is not installed. The message says what to install.
    """
    if find_spec(module) is None:
        raise missing(module, purpose)


def missing(module: str, purpose: str, extra: str | None = None) -> UserError:
    """Return the error that says that a package is not installed, and which extra to install."""
    name = extra or extra_of(module)
    return UserError(f'{purpose} needs the package {module}, which is not installed: pip install "repdrift[{name}]"')


def extra_of(module: str) -> str | None:
    """Return the extra that brings the package which is imported by a name, or None if no extra does."""
    return next((extra for extra, modules in MODULES.items() if module in modules), None)

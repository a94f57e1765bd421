"""The packages that only some uses of repdrift need. `pip install "repdrift[NAME]"` installs them."""

from importlib.util import find_spec

from repdrift.errors import UserError

# Each extra of pyproject.toml that the library imports, with the names by which its packages are imported.
MODULES = {
    "workflow": ("jinja2", "jsonschema", "msgspec", "psutil", "snakemake", "torchvision", "yaml"),
    "plots": ("matplotlib", "seaborn"),
    "files": ("h5py", "pyarrow"),
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


def missing(module: str, purpose: str) -> UserError:
    """Return the error that says that a package is not installed, and which extra brings it."""
    extra = next(name for name, modules in MODULES.items() if module in modules)
    return UserError(f'{purpose} needs the package {module}, which is not installed: pip install "repdrift[{extra}]"')


def belongs_to_extra(module: str | None) -> bool:
    """Return whether an extra brings the package that is imported by this name."""
    return any(module in modules for modules in MODULES.values())

"""Changes to a checkout, each undone in the end: context managers that give the arguments for Snakemake."""

import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def kept(path):
    """Put a file (or folder) back as it was: content and times."""
    with TemporaryDirectory(dir=path.parent, prefix=".kept") as folder:
        spare = Path(folder) / path.name
        shutil.copytree(path, spare) if path.is_dir() else shutil.copy2(path, spare)
        try:
            yield
        finally:
            if spare.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            spare.replace(path)


def flags(*arguments):
    @contextmanager
    def change(_):
        yield list(arguments)

    return change


def overlay(text):
    """Lay some more config over the study's."""
    return edit("change.yaml", "{}", text)


def edit(name, old, new):
    """Replace some text of a file of the workflow."""

    @contextmanager
    def change(checkout):
        path = checkout.folder / name
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        with kept(path):
            path.write_text(text.replace(old, new))
            yield []

    return change


def move(old, new):
    """Move a module of the package, given as ``networks.checkpoints``; those that import it then find it there."""

    @contextmanager
    def change(checkout):
        library = checkout.folder / "workflow"
        source, target = (library.joinpath("repdrift", *module.split(".")).with_suffix(".py") for module in (old, new))
        (folder, name), (new_folder, new_name) = (module.rpartition(".")[::2] for module in (old, new))
        by_name = f"from repdrift.{folder} import {name}\n"
        with kept(library):
            for path in [*library.rglob("*.py"), *library.rglob("*.smk")]:
                text = path.read_text()
                moved = text.replace(by_name, f"from repdrift.{new_folder} import {new_name} as {name}\n")
                moved = re.sub(rf"\brepdrift\.{re.escape(old)}\b", f"repdrift.{new}", moved)
                if moved != text:
                    path.write_text(moved)
            source.rename(target)
            yield []

    return change


def add(name, text):
    """Write a file that is not there."""

    @contextmanager
    def change(checkout):
        path = checkout.folder / name
        assert not path.exists()
        path.write_text(text)
        yield []
        path.unlink()

    return change


def delete(name):
    @contextmanager
    def change(checkout):
        path = checkout.folder / name
        with kept(path):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            yield []

    return change


def flip(name, times=True):
    """Flip one bit in the middle of a file; without `times`, leave its time as it was."""

    @contextmanager
    def change(checkout):
        path = checkout.folder / name
        with kept(path):
            before = path.stat()
            flip_bit(path)
            if not times:
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            yield []

    return change


def flip_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def touch(*patterns):
    """Give all files of these patterns the time of now."""

    @contextmanager
    def change(checkout):
        paths = [path for pattern in patterns for path in checkout.folder.glob(pattern) if path.is_file()]
        assert paths
        times = {path: path.stat() for path in paths}
        for path in paths:
            path.touch()
        yield []
        for path, time in times.items():
            os.utime(path, ns=(time.st_atime_ns, time.st_mtime_ns))

    return change


def both(*changes):
    @contextmanager
    def change(checkout):
        first, *others = changes
        with first(checkout) as arguments:
            if not others:
                yield arguments
            else:
                with both(*others)(checkout) as more:
                    yield arguments + more

    return change


def clone(checkout_of):
    """Have the workflow's files new from the repository, none of Snakemake's records, and the results as they are."""

    @contextmanager
    def change(checkout):
        with kept(checkout.folder / ".snakemake"):
            shutil.rmtree(checkout.folder / ".snakemake")
            checkout_of(checkout.folder)
            yield []

    return change

"""Files inside a page, so that the page is one file that needs no network."""

import base64
import gzip
import re
from pathlib import Path
from typing import Any

from repdrift.specs import ShownFigure

LARGE = 1_000_000  # bytes of a table from which on it is embedded compressed
TYPES = {
    ".svg": "image/svg+xml",
    ".pdf": "application/pdf",
    ".csv": "text/csv;charset=utf-8",
    ".gz": "application/gzip",
}
PIXELS_PER_POINT = 96 / 72


def embedded(path: Path) -> dict[str, str]:
    """Return the name of a file and its contents as a data URL. A large table is compressed, and is called so."""
    content, name = path.read_bytes(), path.name
    if path.suffix == ".csv" and len(content) > LARGE:
        content, name = gzip.compress(content, mtime=0), f"{name}.gz"
    return {"name": name, "url": data_url(content, Path(name).suffix)}


def data_url(content: bytes, suffix: str) -> str:
    """Return some contents as a data URL.

    An SVG file is a document of its own then, so that its identifiers cannot clash with those of other figures.
    """
    return f"data:{TYPES[suffix]};base64,{base64.b64encode(content).decode()}"


def size_of(svg: Path) -> tuple[int, int]:
    """Return the width and the height of an SVG file in CSS pixels. Both are 0 if it does not say them in points."""
    head = svg.read_text(encoding="utf-8")[:2000]
    found = [re.search(rf'\b{side}="([\d.]+)pt"', head) for side in ("width", "height")]
    width, height = (round(float(one[1]) * PIXELS_PER_POINT) if one else 0 for one in found)
    return width, height


def shown_figure(figure: ShownFigure, files: tuple[Path, Path, Path], command: str = "") -> dict[str, Any]:
    """Return what a page shows of a figure, given its SVG, PDF and CSV files and the command that makes it."""
    svg, pdf, csv = files
    width, height = size_of(svg)
    return {
        **vars(figure),
        "summary": figure.caption.partition(". ")[0].rstrip(".") + ".",
        "image": embedded(svg)["url"],
        "width": width,
        "height": height,
        "files": {"Data (CSV)": embedded(csv), "PDF": embedded(pdf)},
        "command": command,
    }

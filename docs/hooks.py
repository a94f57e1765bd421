"""What `make docs` adds to the pages of this folder: README, the changelog and others, which lie elsewhere.

The links of these pages, and those of all pages to files outside this folder, are written as they must be in the
repository. Here a link to a page leads to the page in the site, and one to a file that the site lacks becomes text.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
# Pages of the site, and where they lie in the repository.
ELSEWHERE = {
    "index.md": "README.md",
    "config.md": "config/README.md",
    "results-folder.md": "results/README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)")
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^()\s]+)\)")


def on_files(files: Any, config: Any) -> Any:  # noqa: ANN401  mkdocs says what they are
    """Add the pages that lie elsewhere."""
    for page, path in ELSEWHERE.items():
        files.append(File.generated(config, page, content=(ROOT / path).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, files: Any, **_: Any) -> str:  # noqa: ANN401
    """Let the links of a page lead to pages of the site."""
    here = page.file.src_uri
    place = ELSEWHERE.get(here, f"docs/{here}")  # in the repository
    known = {f"docs/{file.src_uri}": file.src_uri for file in files}
    known |= {path: name for name, path in ELSEWHERE.items()}

    def target(link: str) -> str | None:
        """Return a link as the site needs it, or None if the site has no such file."""
        path, mark, anchor = link.partition("#")
        if not path or "://" in link or link.startswith("mailto:"):
            return link
        found = known.get(posixpath.normpath(posixpath.join(posixpath.dirname(place), path)))
        return None if found is None else posixpath.relpath(found, posixpath.dirname(here) or ".") + mark + anchor

    def link(found: re.Match[str]) -> str:
        leads = target(found[2])
        if leads is None and not (ROOT / posixpath.dirname(place) / found[2].partition("#")[0]).exists():
            raise ValueError(f"{place} has a link to {found[2]}, which does not exist")
        return found[1] if leads is None else f"[{found[1]}]({leads})"

    return IMAGE.sub(lambda image: f"![{image[1]}]({target(image[2])})", LINK.sub(link, markdown))

"""Write the gallery of docs/index.md: a thumbnail of every figure, the question that it answers, and its command.

    python -m tests.gallery results/demo

Thumbnails are made of the figures in the given folders of studies. The first folder that has a figure is taken, and a
published figure in docs/figures before all of them. A thumbnail that nothing can be made of stays as it is.
"""

import io
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from repdrift.commands.report import REGIME
from repdrift.plan.plan import Plan
from repdrift.study.config import load
from tests.checkout import REPOSITORY

DOCS = REPOSITORY / "docs"
PAGE, PUBLISHED, THUMBNAILS = DOCS / "index.md", DOCS / "figures", DOCS / "figures" / "gallery"
BEGIN, END = "<!-- gallery -->\n", "<!-- end of gallery -->\n"
SIZE = (480, 360)  # pixels that a thumbnail has at most
ONE_COLUMN = 1100  # pixels that a picture of one column of a paper has at most; its thumbnail is half as wide
COLOURS = 64
MOST = 60_000  # bytes

# For each figure: the question that it answers.
QUESTIONS = {
    "fig1": "When in training, and in which layers, does a representation leave its initial state?",
    "fig2": "How fast are true and random labels learned?",
    "fig3": "Which layers change from scratch, with more random labels and with more images?",
    "fig4": "Which layers change in fine-tuning on the same and on other images, with true and random labels?",
    "fig5": "Is a fine-tuned network closer to the pre-trained or to the initial one?",
    "controls": "What do training from scratch and an unrelated network say about the same similarities?",
    "layers": "How similar is every layer to every layer, within and between networks?",
    "sensitivity": "Do the results depend on how similarity is measured?",
    "claims": "Which of the paper's claims hold, and by how much?",
    "multiverse": "Which verdicts survive all choices of measurement?",
    "validation": "Do our numbers agree with those that the authors published?",
    "transfer_rates": "Does pre-training help at the best learning rate of each start?",
    "transfer_shuffle": "Does pre-training help if the images of the target are cut into shuffled blocks?",
    "transfer_checkpoints": "From which epoch of pre-training on does it help?",
    "transfer_similarity": "Are two fine-tuned networks more similar than two from scratch, also in their mistakes?",
    "transfer_distances": "How far apart are their weights?",
    "transfer_barrier": "Is there a barrier between them on the line from one to the other?",
    "transfer_criticality": "Which parts of a network must not be moved back towards their start?",
    "transfer_claims": "Which claims of Neyshabur et al. (2020) hold?",
    "transferability_layers": "How much closer did pre-training bring each layer's weights to where fine-tuning ends?",
    "transferability_data": "Does this gain depend on the amount of target data?",
    "transferability_gap": "Does this gain depend on the gap between the domains, and on the width of the target?",
    "weights_vs_representations": "Do layers whose weights move farther change their representations more?",
    "transferability_claims": "Which claims of Chen et al. (2022) hold?",
    "head2toe": "How accurate are probes on selected features, beside other probes and trainings?",
    "head2toe_layers": "Which layers do the selected features come from?",
    "head2toe_affinity": "Do targets far from the source gain more, and need earlier layers?",
    "head2toe_cost": "What do these methods cost?",
    "head2toe_claims": "Which claims of Evci et al. (2022) hold?",
    "movement": "Do later layers change more because of their depth, or because their weights move farther?",
    "movement_claims": "Which claims hold if all parts move equally far?",
    "decodability": "Is the information about the source's classes gone after fine-tuning, or only rotated?",
    "decodability_claims": "Which claims about that information hold?",
    "grounding": "Which estimators find the networks that were trained alike?",
    "grounding_claims": "Is linear CKA a good choice among them?",
    "networks": "Does the drift depend on the size of the network?",
    "networks_claims": "Which claims hold for every network?",
    "precision": "What does bfloat16 change, compared with another seed?",
    "precision_claims": "Does any verdict depend on the precision?",
    REGIME.name: "Which effects change with the number of images, the network or the data?",
}
OVERLAYS = {  # presets whose figures a study of config.yaml alone does not have
    "networks": ("presets/laptop.yaml", "presets/networks.yaml"),
    "precision": ("presets/laptop.yaml", "presets/precision.yaml"),
    "validation": ("presets/laptop.yaml",),
}


def commands() -> dict[str, str]:
    """Return the command that makes each figure, in the order of the report."""
    found: dict[str, str] = {}
    for overlay in ((), *OVERLAYS.values()):
        config = load([REPOSITORY / "config.yaml", *(REPOSITORY / path for path in overlay)])
        given = f" --configfile {' '.join(overlay)}" if overlay else ""
        for figure in Plan(config).figures:
            found.setdefault(figure, f"snakemake {figure}{given}")
    return found | {REGIME.name: "repdrift report results/laptop results/core"}  # of several studies


def source(figure: str, studies: Sequence[Path]) -> Path | None:
    """Return the picture that the thumbnail of a figure is made of, or None if there is none."""
    published = [PUBLISHED / f"{name}{figure}.png" for name in ("", "imagenet-")]
    candidates = [*published, *(study / "figures" / f"{figure}.png" for study in studies)]
    return next((path for path in candidates if path.exists()), None)


def thumbnail(picture: Path) -> bytes:
    """Return a small PNG of a picture, with few colours. Its upper part is shown if it is very tall."""
    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    width = SIZE[0] if image.width > ONE_COLUMN else SIZE[0] // 2
    image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    image = image.crop((0, 0, width, min(image.height, SIZE[1])))
    for colours in (COLOURS, COLOURS // 2, COLOURS // 4):
        file = io.BytesIO()
        image.quantize(colours).save(file, "PNG", optimize=True)
        if file.tell() <= MOST:
            break
    return file.getvalue()


def gallery() -> str:
    """Return the gallery in Markdown."""
    lines = ["| figure | question | command |", "| --- | --- | --- |"]
    for figure, command in commands().items():
        picture = f"figures/gallery/{figure}.png"
        shown = f"![{figure}]({picture})" if (DOCS / picture).exists() else f"`{figure}`"
        lines.append(f"| {shown} | {QUESTIONS[figure]} | `{command}` |")
    return "\n".join(lines) + "\n"


def write(studies: Sequence[Path]) -> None:
    """Make the thumbnails, and write the gallery into the page."""
    THUMBNAILS.mkdir(parents=True, exist_ok=True)
    for figure in commands():
        picture = source(figure, studies)
        if picture:
            (THUMBNAILS / f"{figure}.png").write_bytes(thumbnail(picture))
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(before + BEGIN + gallery() + END + after, encoding="utf-8")


if __name__ == "__main__":
    write([Path(argument) for argument in sys.argv[1:]])

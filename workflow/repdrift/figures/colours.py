"""The colours of series by what their labels mean, so that one thing has one colour in all panels and figures.

- A degree of label randomness (``d = 9``, ``random 9``, ``true``) and a number of images (``N = 256``, ``n = 500``)
  have a palette each. The number alone gives the place in it, and not the other numbers beside it.
- ``CIFAR-10, d = 0`` has the colour of ``d = 0``. Its marker tells the data set.
- Known series, such as those that have to do with the pre-trained network, have a fixed colour.
- Any other text has a preferred colour of its own. If another series of the same panel has it, the next free one is
  taken.
"""

import hashlib
import math
import re
from collections.abc import Sequence

import seaborn as sns

Colour = tuple[float, float, float]

DEGREES, SIZES, PROBES, LAYERS = "viridis_r", "flare", "copper_r", "crest"  # names of palettes
LOGITS = "logits"  # not imported from `repdrift.study`: every figure would depend on a module of the study then
PALEST = {DEGREES: 0.25, PROBES: 0.15}  # where a palette begins, if its beginning is too faint on paper
ENDS = {SIZES: (32, 131_072), PROBES: (50, 20_000)}  # numbers of images at the ends of their palettes
TRUE = ("true", "true labels")
# The place of known series in the palette of kinds. Their labels are in lower case here.
KNOWN = {
    **dict.fromkeys(("p-t", "to pre-trained weights", "from pre-trained weights", "to the pre-trained network"), 0),
    **dict.fromkeys(("ri-t", "to initial weights", "from initial weights", "to its own initialisation"), 1),
    **dict.fromkeys(("shifted", "shifted labels"), 4),
    **dict.fromkeys(("cka (debiased)", "batch", "conv-relu-bn"), 0),
    **dict.fromkeys(("cka (biased)", "calibrated", "conv-bn-relu"), 1),
    "minibatch cka": 2,
    "to an unrelated random network": 2,
    "pre-training": 3,
    "p-t & p-t": 0,
    "ri-t & ri-t": 1,
    "ri-t & p-t": 2,
    "p-t & p": 3,
    "ri-t & ri": 4,
    "ri-t & p": 5,
    "ri-t & p-t, start of p": 6,
    "ri-t & ri-t, same start": 7,
    "ri-t & p, start of p": 8,
}


def quantity(labels: Sequence[str]) -> dict[str, float] | None:
    """Return the numbers of labels such as ``N = 4,096`` by label; None unless all labels name the same quantity."""
    found = [re.fullmatch(r"(\w+) = ([\d,]+)", label) for label in labels]
    if not all(found) or len({match[1] for match in found if match}) != 1:
        return None
    return {match[0]: float(match[2].replace(",", "")) for match in found if match}


def degree_of(label: str) -> int | None:
    """Return the degree of label randomness that a label names, or None."""
    last = label.rpartition(", ")[2]
    if last.lower() in TRUE:
        return 0
    found = re.fullmatch(r"(?:d = |random[ -])(\d+)", last)
    return int(found[1]) if found else None


def images_of(label: str) -> tuple[str, int] | None:
    """Return the letter and the number of a label such as ``N = 256`` or ``n = 500``, or None."""
    found = re.fullmatch(r"([Nn]) = ([\d,]+)", label.rpartition(", ")[2])
    return (found[1], int(found[2].replace(",", ""))) if found else None


def colours_of(labels: Sequence[str]) -> dict[str, Colour]:
    """Return the colour of each label by its meaning.

    Degrees of randomness are placed between 0 and the largest number of as many digits, so those of ten classes
    between 0 and 9. Numbers of images are placed by their logarithms.
    """
    degrees = {label: degree for label in labels if (degree := degree_of(label)) is not None}
    largest = 10 ** len(str(max(degrees.values(), default=9))) - 1
    found: dict[str, Colour] = {}
    for label in labels:
        counted = images_of(label)
        if label in degrees:
            found[label] = at(DEGREES, math.sqrt(degrees[label] / largest))
        elif counted:
            palette = SIZES if counted[0] == "N" else PROBES
            fewest, most = ENDS[palette]
            found[label] = at(palette, math.log(max(counted[1], 1) / fewest) / math.log(most / fewest))
    return {label: (found | of_kinds([one for one in labels if one not in found]))[label] for label in labels}


def of_kinds(labels: Sequence[str]) -> dict[str, Colour]:
    """Return the colours of labels that are no quantities: fixed ones for known labels, preferred ones for others."""
    palette = kinds()
    # A label such as ``CIFAR-10, shifted`` has the colour of its last part if that is known.
    places = {label: KNOWN.get(label.lower(), KNOWN.get(label.rpartition(", ")[2].lower(), -1)) for label in labels}
    taken = {place for place in places.values() if place >= 0}
    for label in labels:
        if places[label] < 0:
            first = int(hashlib.sha256(label.encode()).hexdigest(), 16)
            tries = [(first + step) % len(palette) for step in range(len(palette))]
            places[label] = next((place for place in tries if place not in taken), tries[0])
            taken.add(places[label])
    return {label: palette[places[label]] for label in labels}


def of_layers(layers: Sequence[str]) -> dict[str, Colour]:
    """Return the colours of layers from light to dark by their depth. The logits count even if they are not shown."""
    hidden = [layer for layer in layers if layer != LOGITS]
    colours = {layer: at(LAYERS, place / len(hidden)) for place, layer in enumerate(hidden)}
    return {layer: colours.get(layer, at(LAYERS, 1.0)) for layer in layers}


def kinds() -> list[Colour]:
    """Return the colours of the colour-blind palette without its yellow, which is faint on paper."""
    colours = sns.color_palette("colorblind")
    del colours[8]
    return list(colours)


def at(palette: str, place: float) -> Colour:
    """Return the colour at a place from 0 to 1 in a palette."""
    pale = PALEST.get(palette, 0.0)
    red, green, blue = sns.color_palette(palette, as_cmap=True)(pale + (1 - pale) * min(max(place, 0.0), 1.0))[:3]
    return red, green, blue


def sequential(labels: Sequence[str], palette: str) -> dict[str, Colour]:
    """Colour labels from light to dark by their order."""
    last = len(labels) - 1
    return {label: at(palette, place / last if last else 1.0) for place, label in enumerate(labels)}

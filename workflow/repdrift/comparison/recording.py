"""The representations of a network on some images, as they are compared."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import torch

from repdrift.comparison.arrays import as_representation
from repdrift.errors import UserError
from repdrift.similarity.gram import Gram, Representation


@dataclass(frozen=True, eq=False)
class Recording:
    """The representations of the layers of a network on the same n images.

    Attributes
    ----------
    layers : mapping of str to Tensor or Gram [n, p]
        The layers by name, in the order of the network. A layer has one row for each image. Arrays of numpy, and layers
        [n, ...] with more dimensions, are converted. The numbers of units p may differ.
    ids : tuple of str, optional
        The sample ids of the rows. Two recordings with ids are compared by id, whatever the order of their rows.
    name : str
        The name of the network in tables, figures and messages.

    Raises
    ------
    UserError
        If there are no layers, a layer is not of numbers [n, ...], two layers have different numbers of images, an id
        stands twice, or there are not as many ids as images.
    """

    layers: Mapping[str, Representation]
    ids: tuple[str, ...] | None = None
    name: str = ""

    def __post_init__(self) -> None:
        given = self.layers
        if not isinstance(given, Mapping) or not given:
            raise UserError(f"{self.label} has no layers: expected a mapping of names to arrays [images, units]")
        layers = {str(layer): as_representation(x, f"{self.label}: layer {layer}") for layer, x in given.items()}
        first, *others = layers
        for layer in others:
            if len(layers[layer]) != len(layers[first]):
                numbers = f"{len(layers[first])} images and {layer} has {len(layers[layer])}"
                raise UserError(f"{self.label}: layer {first} has {numbers}; expected the same images in all layers")
        object.__setattr__(self, "layers", layers)
        if self.ids is not None:
            object.__setattr__(self, "ids", _checked(self.ids, len(layers[first]), self.label))

    @property
    def label(self) -> str:
        """Its name in messages."""
        return self.name or "the recording"

    def __len__(self) -> int:
        """Return the number of images."""
        return len(next(iter(self.layers.values())))

    def __repr__(self) -> str:
        layers = ", ".join(f"{layer} [{x.shape[1]}]" for layer, x in self.layers.items())
        ids = "" if self.ids is None else ", with ids"
        return f"<Recording {self.name or 'of a network'}: {len(self)} images{ids}; layers {layers}>"

    def has(self, pattern: str) -> bool:
        """Return whether a name or pattern fits one of the layers."""
        return any(fnmatchcase(name, pattern) for name in self.layers)

    def chosen(self, patterns: Iterable[str]) -> Recording:
        """Return the layers that have one of some names, or fit a pattern such as ``layer*``, in their order."""
        wanted = tuple(patterns)
        layers = {name: x for name, x in self.layers.items() if any(fnmatchcase(name, pattern) for pattern in wanted)}
        if not layers:
            asked = ", ".join(wanted) or "none"
            raise UserError(f"{self.label} has no layer {asked}; it has {', '.join(self.layers)}")
        return replace(self, layers=layers)

    def to(self, device: torch.device) -> Recording:
        """Return the recording on a device."""
        if all(x.device == device for x in self.layers.values()):
            return self
        return replace(self, layers={layer: x.to(device) for layer, x in self.layers.items()})

    def check_finite(self) -> None:
        """Check that all values are finite, and raise UserError with the layer and the row of the first otherwise."""
        for layer, x in self.layers.items():
            values = x.products if isinstance(x, Gram) else x
            if not torch.isfinite(torch.stack(torch.aminmax(values))).all():
                row = int((~torch.isfinite(values)).any(dim=1).nonzero()[0])
                image = "" if self.ids is None else f" (id {self.ids[row]})"
                raise UserError(f"{self.label}: layer {layer} has a value that is not finite in row {row}{image}")

    def in_order_of(self, ids: Sequence[str]) -> Recording:
        """Return the recording with its rows in the order of some ids, which must be the same as its own.

        Raises
        ------
        UserError
            If it has no ids, or others.
        """
        if self.ids is None:
            raise UserError(f"{self.label} has no sample ids, so its rows cannot be ordered by them")
        if self.ids == tuple(ids):
            return self
        places = {each: place for place, each in enumerate(self.ids)}
        missing, unknown = [each for each in ids if each not in places], set(places).difference(ids)
        if missing or unknown:
            examples = "; ".join(
                f"{len(some)} {words}, such as {min(some)!r}"
                for some, words in ((missing, "are only in the other"), (unknown, f"only in {self.label}"))
                if some
            )
            raise UserError(f"{self.label} has other sample ids: {examples}; expected the same images on both sides")
        order = torch.tensor([places[each] for each in ids])
        return replace(self, layers={layer: _rows(x, order) for layer, x in self.layers.items()}, ids=tuple(ids))


def _rows(x: Representation, order: torch.Tensor) -> Representation:
    return x[order.to(x.products.device if isinstance(x, Gram) else x.device)]


def _checked(given: Iterable[Hashable], images: int, label: str) -> tuple[str, ...]:
    """Return ids as texts, after a check that there is one for each image and none stands twice."""
    ids = tuple(map(str, given.tolist() if hasattr(given, "tolist") else given))
    if len(ids) != images:
        raise UserError(f"{label} has {len(ids)} sample ids for {images} images: expected one for each row")
    if len(set(ids)) < len(ids):
        seen: set[str] = set()
        twice = next(each for each in ids if each in seen or seen.add(each))  # type: ignore[func-returns-value]
        raise UserError(f"{label}: the sample id {twice!r} stands twice; each image needs an id of its own")
    return ids

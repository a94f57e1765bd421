"""What of a layer is compared: all its values, their means over positions, or the token that stands for the image."""

from torch import Tensor

from repdrift.errors import UserError
from repdrift.study.architectures import MEAN, NONE, TOKEN, channel_axis


def reduced(values: Tensor, how: str, layer: str) -> Tensor:
    """Reduce the representations of a layer on a batch of images to [B, p].

    Parameters
    ----------
    values : Tensor [B, ...]
        [B, C] without positions, [B, T, C] for tokens, or [B, C, H, W] or [B, H, W, C] for images, see
        `repdrift.study.architectures.channel_axis`.
    how : str
        ``none`` takes all values. ``mean`` takes the mean of each channel over all positions. ``token`` takes the first
        token, which is the class token of a vision transformer. A layer without positions is the same in all three.
    layer : str
        The name of the layer, for the message of an error.

    Raises
    ------
    UserError
        If the first token is asked for, and the layer has positions but no tokens.
    """
    if how == NONE or values.ndim <= 2:
        return values.flatten(1)
    if how == MEAN:
        return values.movedim(channel_axis(values.shape[1:]), 0).flatten(2).mean(dim=2).T
    if how == TOKEN and values.ndim == 3:
        return values[:, 0]
    raise UserError(
        f"layer {layer} has the shape {tuple(values.shape[1:])} for an image, without tokens: reduce it by "
        f"{NONE} or {MEAN}"
    )

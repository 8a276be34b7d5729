"""The loss of a start and an end position (Devlin et al. 2019, section 4.2)."""

from typing import TYPE_CHECKING

from tuning_curves.tasks.base import Rows

if TYPE_CHECKING:
    from torch import Tensor


def span_loss(logits: "Tensor", rows: Rows, starts: "Tensor", ends: "Tensor") -> "Tensor":
    """Mean cross-entropy of the start and the end position, over real tokens only.

    The library's loss takes its softmax over padding as well; there is none here.

    Args:
        logits: [T, 2]; starts, ends: [B] int64, positions inside their window.

    Returns:
        A scalar, in nats: the mean over the windows of the two entropies' mean.
    """
    import torch

    lengths = rows.device_bounds.diff()
    places = torch.arange(rows.longest, device=logits.device)
    inside = places[None] < lengths[:, None]
    flat = (rows.device_bounds[:-1, None] + places[None]).clamp_(max=logits.shape[0] - 1)
    padded = logits[flat].masked_fill(~inside[..., None], float("-inf"))  # [B, longest, 2]
    log_normaliser = padded.logsumexp(dim=1)  # [B, 2]
    first = rows.device_bounds[:-1].long()
    chosen = torch.stack((logits[first + starts, 0], logits[first + ends, 1]), dim=1)
    return (log_normaliser - chosen).mean()

"""Vector quantisation with a codebook that is updated by moving averages.

Van den Oord et al. 2017, "Neural Discrete Representation Learning" (arXiv 1711.00937): each vector
is replaced by its nearest code, with straight-through gradients and a commitment loss, and a code
is the moving average of its vectors (appendix A.1). An unused code is replaced by a random vector
of the batch (Dhariwal et al. 2020, "Jukebox", arXiv 2005.00341, section 3.1).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_DECAY = 0.99
_DEAD = 0.03  # fraction of a uniform share below which a code counts as unused
_COMMITMENT = 0.25
_LEAST = 1e-5


class Codebook(nn.Module):
    """A codebook of `size` codes with `width` numbers each.

    For each code it stores two moving averages: the share of vectors assigned to the code, and the
    sum of these vectors divided by the number of all vectors. Initially all shares are 0, so in the
    first training step each code is replaced by a vector of the batch.
    """

    codes: Tensor
    shares: Tensor
    sums: Tensor

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.register_buffer("codes", torch.randn(size, width))
        self.register_buffer("shares", torch.zeros(size))
        self.register_buffer("sums", torch.zeros(size, width))

    def nearest(self, x: Tensor) -> Tensor:
        """Return the index of the code nearest to each vector of x [..., width], int64 [...].

        The distance is Euclidean.
        """
        codes = self.codes.to(x.dtype)
        return (codes.square().sum(-1) - 2 * x @ codes.T).argmin(-1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Quantise vectors [n, width]; return the codes [n, width] and the commitment loss.

        Gradients are straight-through. In training mode the codes are updated first. Distances and
        averages are float32, even under autocast, since bfloat16 is not precise enough.
        """
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            ids = self.nearest(x)
            if self.training:
                self._update(x.detach(), ids)
        codes = self.codes[ids]
        loss = _COMMITMENT * F.mse_loss(x, codes)
        return x + (codes - x).detach(), loss

    @torch.no_grad()
    def _update(self, x: Tensor, ids: Tensor) -> None:
        """Move each code to the average of its vectors, and unused codes to random vectors.

        A replaced code starts with twice the minimum share, so that it is kept for some steps.
        """
        chosen = F.one_hot(ids, len(self.codes)).to(x.dtype)
        self.shares.lerp_(chosen.mean(0), 1 - _DECAY)
        self.sums.lerp_(chosen.T @ x / len(x), 1 - _DECAY)
        least = _DEAD / len(self.codes)
        dead = self.shares < least
        vectors = x[torch.randint(len(x), (int(dead.sum()),))]
        self.shares[dead] = 2 * least
        self.sums[dead] = vectors * (2 * least)
        self.codes.copy_(self.sums / self.shares[:, None])

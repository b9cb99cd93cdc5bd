"""Vector quantisation: a codebook that follows what it quantises.

Van den Oord et al. 2017, "Neural Discrete Representation Learning" (arXiv 1711.00937): the nearest
code, gradients straight through, a commitment loss, and codes that are moving averages of what they
stand for (appendix A.1). A code that hardly anything is near is put where something is (Dhariwal et
al. 2020, "Jukebox", arXiv 2005.00341, section 3.1).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_DECAY = 0.99
_DEAD = 0.03  # of an even share
_COMMITMENT = 0.25
_LEAST = 1e-5


class Codebook(nn.Module):
    """`size` codes of `width` numbers.

    Beside the codes it keeps two moving averages: the share of the vectors that each code stands
    for, and their sum in that share. At first no code stands for anything, so that the first
    training batch puts each where a vector is.
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
        """Vectors [..., width] to the numbers of their codes by Euclidean distance, int64 [...]."""
        codes = self.codes.to(x.dtype)
        return (codes.square().sum(-1) - 2 * x @ codes.T).argmin(-1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors [n, width] to their codes, through which gradients pass, and the commitment loss.

        In training mode the codes are moved first. Distances and averages are float32, whatever
        multiplies the matrices around them: they would be lost in the digits of bfloat16.
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
        """Move each code to the average of what it stands for; dead ones to vectors drawn by lot.

        A code that was put somewhere has twice the least share, and so some time to prove itself.
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

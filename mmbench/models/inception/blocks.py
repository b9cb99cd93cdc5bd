"""The blocks of Inception 2015-12-05: parallel branches of convolutions and pools."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch  # noqa: TID253 - only the network imports this module
from torch import Tensor, nn  # noqa: TID253
from torch.nn import functional as F  # noqa: TID253

Pool = Callable[[Tensor], Tensor]


class Conv(NamedTuple):
    """A convolution followed by batch normalisation and ReLU.

    `width` is the number of output channels. At stride 1 the image keeps its size.
    """

    name: str
    width: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1


# A step of a branch: a pool, or parallel convolutions of the same input, concatenated.
Step = Pool | tuple[Conv, ...]

_average: Pool = partial(F.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
_maximum: Pool = partial(F.max_pool2d, kernel_size=3, stride=1, padding=1)
shrink: Pool = partial(F.max_pool2d, kernel_size=3, stride=2)


class InceptionBlock(nn.Module):
    """Branches that process the same input [n, width, h, w]; their outputs are concatenated."""

    def __init__(self, width: int, *branches: list[Step]) -> None:
        super().__init__()
        self._branches = branches
        self.width = sum(self._add(width, branch) for branch in branches)

    def _add(self, width: int, branch: list[Step]) -> int:
        for step in branch:
            if isinstance(step, tuple):
                for conv in step:
                    self.add_module(conv.name, unit(width, conv))
                width = sum(conv.width for conv in step)
        return width

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, width, h, w] to [n, self.width, h, w], or to half of h and w with stride 2."""
        return torch.cat([self._follow(branch, x) for branch in self._branches], dim=1)

    def _follow(self, branch: list[Step], x: Tensor) -> Tensor:
        for step in branch:
            if isinstance(step, tuple):
                x = torch.cat([self.get_submodule(conv.name)(x) for conv in step], dim=1)
            else:
                x = step(x)
        return x


def unit(width: int, conv: Conv, *, padded: bool = True) -> nn.Module:
    """Build `conv` for inputs of `width` channels, with batch normalisation and ReLU."""
    kernel, same = conv.kernel, padded and conv.stride == 1
    padding = (kernel[0] // 2, kernel[1] // 2) if same else (0, 0)
    parts = {
        "conv": nn.Conv2d(width, conv.width, kernel, conv.stride, padding, bias=False),
        "bn": nn.BatchNorm2d(conv.width, eps=0.001),
        "relu": nn.ReLU(inplace=True),
    }
    return nn.Sequential(OrderedDict(parts))


def _chain(*convs: Conv) -> list[Step]:
    return [(conv,) for conv in convs]


def _block_a(width: int, *, pooled: int) -> InceptionBlock:
    return InceptionBlock(
        width,
        _chain(Conv("branch1x1", 64)),
        _chain(Conv("branch5x5_1", 48), Conv("branch5x5_2", 64, (5, 5))),
        _chain(
            Conv("branch3x3dbl_1", 64),
            Conv("branch3x3dbl_2", 96, (3, 3)),
            Conv("branch3x3dbl_3", 96, (3, 3)),
        ),
        [_average, (Conv("branch_pool", pooled),)],
    )


def _block_b(width: int) -> InceptionBlock:
    return InceptionBlock(
        width,
        _chain(Conv("branch3x3", 384, (3, 3), 2)),
        _chain(
            Conv("branch3x3dbl_1", 64),
            Conv("branch3x3dbl_2", 96, (3, 3)),
            Conv("branch3x3dbl_3", 96, (3, 3), 2),
        ),
        [shrink],
    )


def _block_c(width: int, *, inner: int) -> InceptionBlock:
    return InceptionBlock(
        width,
        _chain(Conv("branch1x1", 192)),
        _chain(
            Conv("branch7x7_1", inner),
            Conv("branch7x7_2", inner, (1, 7)),
            Conv("branch7x7_3", 192, (7, 1)),
        ),
        _chain(
            Conv("branch7x7dbl_1", inner),
            Conv("branch7x7dbl_2", inner, (7, 1)),
            Conv("branch7x7dbl_3", inner, (1, 7)),
            Conv("branch7x7dbl_4", inner, (7, 1)),
            Conv("branch7x7dbl_5", 192, (1, 7)),
        ),
        [_average, (Conv("branch_pool", 192),)],
    )


def _block_d(width: int) -> InceptionBlock:
    return InceptionBlock(
        width,
        _chain(Conv("branch3x3_1", 192), Conv("branch3x3_2", 320, (3, 3), 2)),
        _chain(
            Conv("branch7x7x3_1", 192),
            Conv("branch7x7x3_2", 192, (1, 7)),
            Conv("branch7x7x3_3", 192, (7, 1)),
            Conv("branch7x7x3_4", 192, (3, 3), 2),
        ),
        [shrink],
    )


def _block_e(width: int, *, pool: Pool) -> InceptionBlock:
    return InceptionBlock(
        width,
        _chain(Conv("branch1x1", 320)),
        [(Conv("branch3x3_1", 384),), _cross("branch3x3_2")],
        [
            *_chain(Conv("branch3x3dbl_1", 448), Conv("branch3x3dbl_2", 384, (3, 3))),
            _cross("branch3x3dbl_3"),
        ],
        [pool, (Conv("branch_pool", 192),)],
    )


def _cross(name: str) -> Step:
    return (Conv(f"{name}a", 384, (1, 3)), Conv(f"{name}b", 384, (3, 1)))


BLOCKS: dict[str, Callable[[int], InceptionBlock]] = {
    "Mixed_5b": partial(_block_a, pooled=32),
    "Mixed_5c": partial(_block_a, pooled=64),
    "Mixed_5d": partial(_block_a, pooled=64),
    "Mixed_6a": _block_b,
    "Mixed_6b": partial(_block_c, inner=128),
    "Mixed_6c": partial(_block_c, inner=160),
    "Mixed_6d": partial(_block_c, inner=160),
    "Mixed_6e": partial(_block_c, inner=192),
    "Mixed_7a": _block_d,
    "Mixed_7b": partial(_block_e, pool=_average),
    "Mixed_7c": partial(_block_e, pool=_maximum),
}

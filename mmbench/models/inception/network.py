"""The Inception network of 2015-12-05, the feature extractor of FID and related metrics.

The layers are named as in torch-fidelity's weights file. Unlike in the published Inception v3,
average pools ignore the padded border, the last block uses a maximum pool, and there are 1,008
classes.
Source: Szegedy et al. 2015, arXiv 1512.00567; torch-fidelity `feature_extractor_inceptionv3`.
"""

from __future__ import annotations

from torch import Tensor, nn  # noqa: TID253 - only the adapter imports this module, when it loads

from mmbench.models.inception.blocks import BLOCKS, Conv, shrink, unit

CLASSES, WIDTH = 1008, 2048


class InceptionNet(nn.Module):
    """The network, which maps pixels [n, 3, 299, 299] from -1 to 1 to features and logits."""

    def __init__(self) -> None:
        super().__init__()
        stem = [
            (3, Conv("Conv2d_1a_3x3", 32, (3, 3), 2), False),
            (32, Conv("Conv2d_2a_3x3", 32, (3, 3)), False),
            (32, Conv("Conv2d_2b_3x3", 64, (3, 3)), True),
            (64, Conv("Conv2d_3b_1x1", 80), True),
            (80, Conv("Conv2d_4a_3x3", 192, (3, 3)), False),
        ]
        self._stem = [conv.name for _, conv, _ in stem]
        for width, conv, padded in stem:
            self.add_module(conv.name, unit(width, conv, padded=padded))
        width, self._blocks = 192, list(BLOCKS)
        for name, build in BLOCKS.items():
            block = build(width)
            self.add_module(name, block)
            width = block.width
        self.fc = nn.Linear(WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Return features [n, 2048], the mean of the last block's output over the image."""
        for i, name in enumerate(self._stem):
            x = self.get_submodule(name)(x)
            x = shrink(x) if i in (2, 4) else x
        for name in self._blocks:
            x = self.get_submodule(name)(x)
        return x.mean(dim=(2, 3))

    def logits(self, features: Tensor) -> Tensor:
        """Return the logits without bias, [n, 1008], of features; the Inception score uses them."""
        return features @ self.fc.weight.T

"""A causal language model with images in its input, shared by LLaVA and the prefix model.

The language model is a GPT whose output head shares its weights with the token embedding (Radford
et al. 2019, GPT-2). Each model turns an image into tokens in its own way; these image tokens
replace the placeholders `IMAGE` in the sequence.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmbench.reference.architectures import clip
from mmbench.reference.architectures.layers import (
    Activation,
    Cache,
    TransformerBlock,
    initialise,
    refuse_heads,
)
from mmbench.reference.architectures.positions import rotary_angles
from mmbench.reference.tokens.packing import OUTSIDE, TRUNK, positions, visibility_mask
from mmbench.reference.tokens.sampling import NextTokens, generate, greedy
from mmbench.reference.tokens.turns import IMAGE
from mmbench.reference.tokens.words import END

UNLEARNT = -100
"""The label of given tokens and of padding, which cross-entropy ignores."""


@dataclass(frozen=True)
class Sizes(ABC):
    """The sizes of a language model, and of the image tower of its CLIP.

    `context` is in tokens, including image tokens; image sizes are in pixels; `activation` is the
    activation of the image tower. Raises ValueError if a number of heads does not divide its width,
    if `patch` does not divide `image_size`, or if an image fills the context.
    """

    vocabulary: int
    context: int = 160
    width: int = 128
    layers: int = 4
    heads: int = 4
    image_size: int = 64
    patch: int = 16
    image_width: int = 128
    image_layers: int = 4
    image_heads: int = 4
    activation: Activation = "gelu"

    def __post_init__(self) -> None:
        refuse_heads(self.width, self.heads, rotary=True)
        _ = self.tower  # which raises ValueError for invalid sizes
        if not 1 <= self.places < self.context:
            raise ValueError(
                f"an image of {self.places} tokens does not fit into a context of {self.context}"
            )

    @property
    def tower(self) -> clip.Config:
        """The configuration of the CLIP to which the image tower belongs."""
        return clip.Config(
            self.vocabulary,
            image_size=self.image_size,
            patch=self.patch,
            image_width=self.image_width,
            image_layers=self.image_layers,
            image_heads=self.image_heads,
            activation=self.activation,
        )

    @property
    @abstractmethod
    def places(self) -> int:
        """The number of tokens per image."""


class TextDecoder(nn.Module):
    """A token embedding and causal transformer blocks with rotary positions."""

    def __init__(self, vocabulary: int, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.head_width = width // heads
        self.blocks = nn.ModuleList(TransformerBlock(width, heads, True) for _ in range(layers))
        self.norm_out = nn.LayerNorm(width)

    def caches(self) -> list[Cache]:
        """Return empty caches, one for each block."""
        return [Cache() for _ in self.blocks]

    def forward(
        self, x: Tensor, caches: Sequence[Cache] = (), branch_ids: Tensor | None = None
    ) -> Tensor:
        """Map embedded tokens [n, t, width] to features [n, t, width] for the heads.

        With `caches`, the tokens follow the cached tokens (t is 1, or the caches are empty).
        `branch_ids` [n, s], for all s tokens so far, are needed if rows pack several conversations
        or are padded on the left (`tokens.packing`).
        """
        seen = caches[0].length if caches else 0
        at = torch.arange(seen, seen + x.shape[1], device=x.device)
        mask = None
        if branch_ids is not None and _needs_mask(branch_ids):
            mask = visibility_mask(branch_ids, x.shape[1])[:, None]
            at = positions(mask)
        rotation = rotary_angles(at, self.head_width)
        for i, block in enumerate(self.blocks):
            x = block(x, mask, caches[i] if caches else None, rotation)
        features: Tensor = self.norm_out(x)
        return features


def _needs_mask(branch_ids: Tensor) -> bool:
    """Return whether a mask is needed, as some tokens may not attend to all earlier tokens."""
    return bool((branch_ids > TRUNK).any() or (branch_ids[:, 0] == OUTSIDE).any())


class LanguageModel(TextDecoder):
    """A causal language model whose output head shares its weights with the token embedding."""

    def head(self, features: Tensor) -> Tensor:
        """Map features [..., width] to next-token logits, float32 [..., vocabulary]."""
        return F.linear(features, self.tokens.weight).float()


class Reader(nn.Module, ABC):
    """Base class of models with a vision tower, a projector of its features and a language model.

    The rows of a batch have equal length or are padded on the right.
    """

    def __init__(self, config: Sizes, projector: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.config = config
        self.vision = clip.ImageViT(config.tower)
        self.projector = projector()
        c = config
        self.language = LanguageModel(c.vocabulary, c.width, c.layers, c.heads)
        nn.init.normal_(self.language.tokens.weight, std=0.02)
        initialise(self.vision, config.image_layers)
        initialise(self.language, config.layers)

    @abstractmethod
    def project_images(self, images: Tensor) -> Tensor:
        """Embed pixels [m, 3, size, size] as image tokens [m, places, width]."""

    def embed_ids(self, ids: Tensor, images: Tensor) -> Tensor:
        """Embed ids [n, t] as [n, t, width], with image features in place of `IMAGE` tokens.

        `images` are the pixels [m, 3, size, size] of all images, in row order. Raises ValueError
        unless `ids` contain `Sizes.places` tokens `IMAGE` per image.
        """
        x: Tensor = self.language.tokens(ids)
        places = ids == IMAGE
        if int(places.sum()) != len(images) * self.config.places:
            raise ValueError(
                f"{int(places.sum())} tokens IMAGE for {len(images)} images of"
                f" {self.config.places} tokens"
            )
        if len(images):
            x = x.masked_scatter(
                places[..., None], self.project_images(images).flatten(0, 1).to(x.dtype)
            )
        return x

    def forward(
        self, ids: Tensor, labels: Tensor, images: Tensor, branch_ids: Tensor | None = None
    ) -> Tensor:
        """Return the mean cross-entropy of the learnt tokens, a scalar in nats.

        `labels` [n, t] hold the ids of learnt tokens and `UNLEARNT` elsewhere; each token is
        predicted from the tokens before it. For `images` see `embed_ids`, for `branch_ids` [n, t]
        see `tokens.packing`.
        """
        learnt = labels[:, 1:] != UNLEARNT
        features = self.language(self.embed_ids(ids, images), branch_ids=branch_ids)[:, :-1]
        return F.cross_entropy(self.language.head(features[learnt]), labels[:, 1:][learnt])

    @torch.inference_mode()
    def log_likelihoods(self, ids: Tensor, labels: Tensor, images: Tensor) -> Tensor:
        """Return the summed log-probability of each row's learnt tokens, float32 [n].

        For the arguments see `forward`.
        """
        features = self.language(self.embed_ids(ids, images))[:, :-1]
        scores = self.language.head(features).log_softmax(-1)
        learnt = labels[:, 1:] != UNLEARNT
        log_probabilities = scores.gather(-1, labels[:, 1:, None].clamp(min=0))[..., 0]
        return (log_probabilities * learnt).sum(-1)

    @torch.inference_mode()
    def write(
        self, ids: Tensor, images: Tensor, max_tokens: int, sampler: NextTokens = greedy
    ) -> list[list[int]]:
        """Generate token ids after each row of ids [n, t]; for `images` see `embed_ids`.

        All rows have the same length. At most `max_tokens` tokens are generated, and no more than
        fit into the context. A row is finished after `END` and is left out of further steps.
        """
        caches = self.language.caches()

        def logits(x: Tensor) -> Tensor:
            return self.language.head(self.language(x, caches)[:, -1])

        def next_logits(rows: Tensor, tokens: Tensor) -> Tensor:
            for cache in caches:
                cache.select_rows(rows)
            return logits(self.language.tokens(tokens)[:, None])

        room = [min(max_tokens, self.config.context - ids.shape[1])] * len(ids)
        return generate(logits(self.embed_ids(ids, images)), next_logits, END, room, sampler)

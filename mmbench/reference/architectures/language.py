"""A causal language model that reads images among words: what LLaVA and the prefix model share.

The language model is a GPT with the head tied to the embedding (Radford et al. 2019, GPT-2). How an
image becomes tokens is each model's own; they take the places of `IMAGE` in the sequence.
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
"""The label of a token that is given, and of padding: the one that cross-entropy leaves out."""


@dataclass(frozen=True)
class Sizes(ABC):
    """The sizes of a language model, and of the image tower of the CLIP whose eyes it has.

    `context` in tokens, those of images included; the sizes of the tower in pixels; `activation` is
    the tower's. Raises ValueError for sizes that do not divide, and for an image longer than the
    context.
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
        _ = self.tower  # which refuses sizes of its own
        if not 1 <= self.places < self.context:
            raise ValueError(f"an image of {self.places} tokens in a context of {self.context}")

    @property
    def tower(self) -> clip.Config:
        """The CLIP whose image tower it is."""
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
        """How many tokens an image is."""


class TextDecoder(nn.Module):
    """An embedding of tokens, and causal Blocks over what is embedded, with rotary positions."""

    def __init__(self, vocabulary: int, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.head_width = width // heads
        self.blocks = nn.ModuleList(TransformerBlock(width, heads, True) for _ in range(layers))
        self.norm_out = nn.LayerNorm(width)

    def caches(self) -> list[Cache]:
        """Empty ones, one for each block."""
        return [Cache() for _ in self.blocks]

    def forward(
        self, x: Tensor, caches: Sequence[Cache] = (), branch_ids: Tensor | None = None
    ) -> Tensor:
        """Embedded tokens [n, t, width] to features [n, t, width], of which heads make logits.

        With caches they follow the tokens that these have seen: then t is 1, or none were seen.
        `branch_ids` [n, s], where a row holds several conversations or is padded at the left, are
        those of `tokens.packing`, of the s tokens seen so far and these.
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
    """Whether a token may not see one before it. Else causal attention will do, which is faster."""
    return bool((branch_ids > TRUNK).any() or (branch_ids[:, 0] == OUTSIDE).any())


class LanguageModel(TextDecoder):
    """A causal language model of texts: its head is the embedding again."""

    def head(self, features: Tensor) -> Tensor:
        """Features [..., width] to logits of the next token, float32 [..., vocabulary]."""
        return F.linear(features, self.tokens.weight).float()


class Reader(nn.Module, ABC):
    """A vision tower, a projector of its features, and a language model that reads them.

    Rows of one call are of one length, or padded at the right.
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
        """Pixels [m, 3, size, size] to what is read in their places, [m, places, width]."""

    def embed_ids(self, ids: Tensor, images: Tensor) -> Tensor:
        """Ids [n, t] to [n, t, width], with the images' features in the places of `IMAGE`.

        `images` are the pixels [m, 3, size, size] of all images in the order of the rows. Raises
        ValueError unless there are as many places for each as `Sizes.places` says.
        """
        x: Tensor = self.language.tokens(ids)
        places = ids == IMAGE
        if int(places.sum()) != len(images) * self.config.places:
            raise ValueError(
                f"{int(places.sum())} places for {len(images)} images of {self.config.places}"
            )
        if len(images):
            x = x.masked_scatter(
                places[..., None], self.project_images(images).flatten(0, 1).to(x.dtype)
            )
        return x

    def forward(
        self, ids: Tensor, labels: Tensor, images: Tensor, branch_ids: Tensor | None = None
    ) -> Tensor:
        """The mean cross-entropy of the tokens that are learnt, a scalar in nats.

        `labels` [n, t] are the ids themselves where they are learnt, and `UNLEARNT` elsewhere; each
        is predicted from those before it. `images` are those of `embed_ids`, `branch_ids` [n, t]
        those of `tokens.packing`.
        """
        learnt = labels[:, 1:] != UNLEARNT
        features = self.language(self.embed_ids(ids, images), branch_ids=branch_ids)[:, :-1]
        return F.cross_entropy(self.language.head(features[learnt]), labels[:, 1:][learnt])

    @torch.inference_mode()
    def log_likelihoods(self, ids: Tensor, labels: Tensor, images: Tensor) -> Tensor:
        """The log-probability of the learnt tokens of each row, summed: float32 [n]."""
        features = self.language(self.embed_ids(ids, images))[:, :-1]
        scores = self.language.head(features).log_softmax(-1)
        learnt = labels[:, 1:] != UNLEARNT
        log_probabilities = scores.gather(-1, labels[:, 1:, None].clamp(min=0))[..., 0]
        return (log_probabilities * learnt).sum(-1)

    @torch.inference_mode()
    def write(
        self, ids: Tensor, images: Tensor, max_tokens: int, sampler: NextTokens = greedy
    ) -> list[list[int]]:
        """What follows each row of ids [n, t], of one length; `images` are those of `embed_ids`.

        At most `max_tokens` tokens, and no more than the context has room for. A row that ends by
        itself ends with `END`, and takes no part in the steps that follow.
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

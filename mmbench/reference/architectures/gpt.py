"""A multimodal GPT: a decoder over the tokens of texts, images and audio.

VQ-VAEs turn images and audio into tokens, as in Chameleon (arXiv 2405.09818) and earlier in DALL-E
(arXiv 2102.12092). Each modality has an embedding and a separate head; the last token selects the
head, so that only valid tokens can follow. In an input image, convolutions over the codebook
vectors let each code take its neighbours into account. Images are generated with classifier-free
guidance (Ho and Salimans 2022, arXiv 2207.12598).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmbench.reference.architectures import vqvae
from mmbench.reference.architectures.codebook import Codebook
from mmbench.reference.architectures.language import TextDecoder
from mmbench.reference.architectures.layers import Cache, initialise, refuse_heads
from mmbench.reference.architectures.mel import Mel
from mmbench.reference.tokens.mixed import (
    ASSISTANT,
    CLOSE,
    MODALITIES,
    NOTHING,
    OPEN,
    USER,
    TokenKind,
    TokenLayout,
)


@dataclass(frozen=True)
class Config:
    """Settings of the model. The defaults are small; `paper_size()` returns the paper's values.

    `text` is the size of the text vocabulary, and `context` the maximum sequence length in tokens.
    Raises ValueError if `heads` does not divide `width` into even parts, if the size of a code in
    pixels does not divide `image_size`, or if an image fills the context.
    """

    text: int
    context: int = 224
    width: int = 160
    layers: int = 4
    heads: int = 4
    image_size: int = 64
    image: vqvae.VqVaeConfig = field(default_factory=lambda: vqvae.VqVaeConfig(512, 16, 64, 3, 2))
    mel: Mel = field(default_factory=lambda: Mel(8000, 200, 80, 40))
    sound: vqvae.VqVaeConfig = field(default_factory=lambda: vqvae.VqVaeConfig(512, 16, 96, 2, 2))

    def __post_init__(self) -> None:
        refuse_heads(self.width, self.heads, rotary=True)
        if self.image_size % self.image.stride:
            raise ValueError(
                f"a code of {self.image.stride} px does not divide image_size {self.image_size}"
            )
        if self.patches >= self.context:
            raise ValueError(
                f"an image of {self.patches} tokens does not fit into a context of {self.context}"
            )

    @property
    def patches(self) -> int:
        """The number of tokens per image."""
        return (self.image_size // self.image.stride) ** 2

    @property
    def layout(self) -> TokenLayout:
        """The layout of the vocabulary."""
        return TokenLayout(self.text, self.image.number, self.sound.number)

    @classmethod
    def paper_size(cls) -> Config:
        """Return the size of Chameleon-7B: 32 layers of width 4,096.

        A 512 × 512 image becomes 1,024 tokens from a codebook of 8,192.
        """
        images = vqvae.VqVaeConfig(8192, 256, 512, 4, 2)
        sounds = vqvae.VqVaeConfig(1024, 128, 512, 2, 2)
        return cls(57344, 4096, 4096, 32, 32, 512, images, Mel.paper_size(), sounds)


class CodeContext(nn.Module):
    """Two 3 × 3 convolutions over the codes of an image in the input.

    Unlike code ids, codebook vectors show which codes are similar (as in Janus, arXiv 2410.13848),
    and the convolutions combine neighbouring codes of an object.
    """

    def __init__(self, code_width: int, width: int) -> None:
        super().__init__()
        self.near = nn.Conv2d(code_width, width, 3, padding=1)
        self.far = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, codes: Tensor) -> Tensor:
        """Map codebook vectors of square grids [n, patches, code_width] to [n, patches, width]."""
        side = round(codes.shape[1] ** 0.5)
        x = codes.transpose(1, 2).reshape(len(codes), -1, side, side)
        seen: Tensor = self.far(F.gelu(self.near(x)))
        return seen.flatten(2).transpose(1, 2)


class GPT(TextDecoder):
    """The decoder, which predicts the next token after ids [n, t].

    Rows are padded on the right, or on the left if `branch_ids` are given. An image has exactly
    `patches` consecutive tokens, whose vectors are in `codebook`. Images of the user are embedded
    as a whole; images of the assistant are generated code by code.
    """

    def __init__(self, c: Config, codebook: Codebook) -> None:
        super().__init__(c.layout.size, c.width, c.layers, c.heads)
        self._codebook = (codebook,)  # a tuple, so that it is not a submodule, saved twice
        self.context, self.patches, self.layout = c.context, c.patches, c.layout
        self.kinds = nn.Embedding(len(TokenKind), c.width)
        self.places = nn.Parameter(torch.randn(c.patches, c.width) * 0.01)
        self.look = CodeContext(c.image.code_width, c.width)
        self.heads = nn.ModuleList(
            nn.Linear(c.width, len(self.allowed_ids(kind))) for kind in TokenKind
        )
        for embedding in (self.tokens, self.kinds):
            nn.init.normal_(embedding.weight, std=0.02)
        initialise(self, c.layers)

    def allowed_ids(self, kind: TokenKind) -> list[int]:
        """Return the ids that the head of `kind` predicts: the kind's ids and its closing token."""
        return [*self.layout.ids(kind), *([CLOSE[kind]] if kind in CLOSE else [])]

    def kind_of(self, ids: Tensor) -> Tensor:
        """Return the `TokenKind` of each token, int64 of the same shape."""
        starts = torch.tensor([self.layout.ids(kind).start for kind in MODALITIES])
        return torch.bucketize(ids.contiguous(), starts.to(ids.device), right=True)

    def next_kind(self, last: Tensor) -> Tensor:
        """Return the `TokenKind` that must follow each token, int64 of the same shape."""
        kinds = self.kind_of(last)
        for kind in MODALITIES:
            kinds = kinds.masked_fill(last == OPEN[kind], kind)
        return kinds

    def features(
        self,
        ids: Tensor,
        caches: Sequence[Cache] = (),
        image_counts: Tensor | int = 0,
        branch_ids: Tensor | None = None,
    ) -> Tensor:
        """Return the features of token ids [n, t], [n, t, width]; the heads map them to logits.

        With `caches`, the ids follow the cached tokens (t is 1, or the caches are empty), and
        `image_counts` [n] is the number of image tokens among the cached tokens. `branch_ids` [n,
        s] tell which branch each of the s tokens so far belongs to (`tokens.packing`).
        """
        features: Tensor = self(self.embed_ids(ids, image_counts), caches, branch_ids)
        return features

    def embed_ids(self, ids: Tensor, image_counts: Tensor | int = 0) -> Tensor:
        """Embed token ids [n, t] as [n, t, width]; for `image_counts` see `features`.

        Raises ValueError for an incomplete image in the input.
        """
        kinds = self.kind_of(ids)
        place = (self.image_counts(ids, image_counts) - 1) % self.patches
        images = kinds == TokenKind.IMAGE
        x: Tensor = self.tokens(ids) + self.kinds(kinds)
        x = x + self.places[place] * images[..., None]
        from_user = images & self.is_user(ids)
        codes = ids[from_user] - self.layout.ids(TokenKind.IMAGE).start
        if len(codes) % self.patches:
            raise ValueError(
                f"{len(codes)} image tokens of the user are not a multiple of {self.patches}"
            )
        if not len(codes):
            return x
        seen = self.look(self._codebook[0].codes[codes.view(-1, self.patches)])
        return x.masked_scatter(from_user[..., None], x[from_user] + seen.flatten(0, 1).to(x.dtype))

    def is_user(self, ids: Tensor) -> Tensor:
        """Return whether each token belongs to a user message, bool [n, t]."""
        at = torch.arange(1, ids.shape[1] + 1, device=ids.device)
        user, assistant = ((at * (ids == role)).cummax(1).values for role in (USER, ASSISTANT))
        return user > assistant

    def image_counts(self, ids: Tensor, before: Tensor | int = 0) -> Tensor:
        """Return the number of image tokens up to and including each position, int64 [n, t].

        `before` ([n], or 0) is the number of image tokens that precede `ids` in each row.
        """
        images = (self.kind_of(ids) == TokenKind.IMAGE).cumsum(1)
        return images + (before[:, None] if isinstance(before, Tensor) else before)

    def logits(self, features: Tensor, last: Tensor, image_counts: Tensor) -> Tensor:
        """Return next-token logits, float32 [m, vocabulary], with -inf for tokens not allowed.

        `features` [m, width] are the features of the last tokens, with ids `last` [m], and
        `image_counts` [m] the number of image tokens up to and including the last token.
        """
        logits = features.new_full((len(last), self.layout.size), -torch.inf, dtype=torch.float32)
        next_kind = self.next_kind(last)
        for kind in TokenKind:
            rows = (next_kind == kind).nonzero()[:, 0]
            if len(rows):
                kind_logits = self.heads[kind](features[rows]).float()
                if kind == TokenKind.IMAGE:
                    whole = (last[rows] != OPEN[kind]) & (image_counts[rows] % self.patches == 0)
                    size = kind_logits.shape[1]
                    closes = torch.arange(size, device=kind_logits.device) == size - 1
                    kind_logits = kind_logits.masked_fill(whole[:, None] != closes, -torch.inf)
                ids = torch.tensor(self.allowed_ids(kind), device=kind_logits.device)
                logits[rows[:, None], ids] = kind_logits
        return logits

    def log_likelihoods(
        self, ids: Tensor, learnt: Tensor, branch_ids: Tensor | None = None
    ) -> Tensor:
        """Return the log-probabilities in nats of the m tokens selected by `learnt`, float32 [m].

        `learnt` is bool [n, t]. `branch_ids` [n, t] are for rows that pack several conversations
        (`tokens.packing`), in which only the common beginning (the trunk) may contain an image.
        """
        chosen = learnt[:, 1:]
        features = self.features(ids, branch_ids=branch_ids)[:, :-1][chosen]
        image_counts = self.image_counts(ids)[:, :-1][chosen]
        logits = self.logits(features, ids[:, :-1][chosen], image_counts)
        return -F.cross_entropy(logits, ids[:, 1:][chosen], reduction="none")

    def mask_texts(self, ids: Tensor) -> Tensor:
        """Return the ids with every text token replaced by `NOTHING`."""
        return ids.masked_fill(self.kind_of(ids) == TokenKind.TEXT, NOTHING)


class UnifiedModel(nn.Module):
    """The GPT, together with the VQ-VAEs that encode images and audio as tokens."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.images = vqvae.ImageCodes(config.image)
        self.sounds = vqvae.SoundCodes(config.sound, config.mel.bands)
        self.gpt = GPT(config, self.images.codebook)

    def fill_codes(self, ids: Tensor, images: Tensor, mel: Tensor, frames: Tensor) -> Tensor:
        """Fill the codes of images and audio into the placeholders in ids [n, t], in order.

        `images` are pixels [m, 3, size, size]; `mel` are k log-mel spectrograms [k, t, bands], each
        padded after its first `frames` [k] frames. Raises ValueError if the number of placeholders
        differs from the number of codes.
        """
        image_codes = [self.images.encode(images).flatten()] if len(images) else []
        ids = _insert_codes(ids, self.config.layout, TokenKind.IMAGE, image_codes)
        sound_codes = []
        if len(mel):
            padded_codes, lengths = self.sounds.encode(mel, frames), self.sounds.lengths(frames)
            sound_codes = [
                row[:length] for row, length in zip(padded_codes, lengths.tolist(), strict=True)
            ]
        return _insert_codes(ids, self.config.layout, TokenKind.SOUND, sound_codes)


def _insert_codes(
    ids: Tensor, layout: TokenLayout, kind: TokenKind, codes: Sequence[Tensor]
) -> Tensor:
    tokens = layout.ids(kind)
    places = (ids >= tokens.start) & (ids < tokens.stop)
    flat = torch.cat(list(codes)) if codes else ids.new_empty(0)
    if int(places.sum()) != len(flat):
        raise ValueError(f"{int(places.sum())} placeholders for {len(flat)} codes of {kind.name}")
    return ids.masked_scatter(places, flat + tokens.start)

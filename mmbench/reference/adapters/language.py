"""Adapters of the reference LLaVA and the prefix model, which answer questions about images."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mmbench.errors import SampleError
from mmbench.models.support.generation import generated_text
from mmbench.models.support.groups import map_groups
from mmbench.reference.adapters.support import NanoModel, normalise_image, token_sampler
from mmbench.types import Audio, GeneratedText, GenerationConfig, Message, Modality, VideoFrames

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from mmbench.reference.checkpoints.families import TrainedReader
    from mmbench.types import Array, DecodedPart


class ReaderInputs(NamedTuple):
    """The token ids of a conversation, and the pixels of its images.

    The pixels of each image are float32 [3, size, size].
    """

    ids: list[int]
    pixels: list[NDArray[np.float32]]


class ReaderNano(NanoModel):
    """Base class of the adapters of language models that take images.

    A conversation may have several messages, with images at any position. Unknown words become the
    untrained token `<unk>`, also in texts passed to `loglikelihood`. Generated texts are in lower
    case.
    """

    _checkpoint: TrainedReader
    modalities: frozenset[Modality] = frozenset({"text", "image"})
    batch = 64  # the model is so small that a step of many rows costs little more than one row

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        super().__init__(folder, device=device, dtype=dtype)
        self._words, self._model = self._checkpoint.words, self._checkpoint.model
        self._config = self._model.config

    def prepare(self, item: Sequence[Message[DecodedPart]], modality: str) -> ReaderInputs:  # noqa: ARG002
        """Return the token ids and pixels of a conversation.

        Raises SampleError if the conversation contains audio or video, or leaves no room in the
        context for an answer.
        """
        from mmbench.reference.tokens.turns import encode_prompt

        images = []
        for part in (part for turn in item for part in turn.parts if not isinstance(part, str)):
            if isinstance(part, Audio | VideoFrames):
                what = "audio" if isinstance(part, Audio) else "videos"
                raise SampleError(f"{self.name} takes texts and images, but no {what}")
            images.append(part)
        ids = encode_prompt(item, self._words, self._config.places)
        if len(ids) >= self._config.context:
            raise SampleError(
                f"the conversation has {len(ids)} tokens; {self.name} takes fewer than"
                f" {self._config.context} ({self._config.places} per image, 1 per word)"
            )
        size, scale = self._config.image_size, (self._checkpoint.mean, self._checkpoint.std)
        return ReaderInputs(ids, [normalise_image(image, size, *scale) for image in images])

    def write(
        self, conversations: Sequence[ReaderInputs], options: GenerationConfig
    ) -> list[GeneratedText | SampleError]:
        """Generate texts for n prepared conversations, in unpadded batches of equal length."""
        answer = partial(self._answers, options=options)
        return map_groups(conversations, lambda one: len(one.ids), answer)

    def _answers(
        self, conversations: Sequence[ReaderInputs], options: GenerationConfig
    ) -> list[GeneratedText]:
        ids, images = self._inputs([one.ids for one in conversations], conversations)
        answers = self._model.write(
            ids, images, options.max_tokens, token_sampler(options, len(conversations))
        )
        return [self._decode(one, options) for one in answers]

    def _inputs(
        self, rows: Sequence[Sequence[int]], conversations: Sequence[ReaderInputs]
    ) -> tuple[Tensor, Tensor]:
        """Return the token ids `rows` and the pixels of all images of `conversations` as tensors.

        The ids are [n, t], padded on the right; the pixels are [m, 3, size, size], in the order of
        the conversations.
        """
        pixels = [image for one in conversations for image in one.pixels]
        return self._pad(rows), self._stack_images(pixels, self._config.image_size)

    def _decode(self, ids: list[int], options: GenerationConfig) -> GeneratedText:
        from mmbench.reference.tokens.words import END

        finished = bool(ids) and ids[-1] == END
        text = self._words.text(ids)
        return generated_text(text, len(ids) - finished, options, finished=finished)

    def loglikelihood(self, conversations: Sequence[ReaderInputs], texts: Sequence[str]) -> Array:
        """Return each text's log-probability as the answer, and its token count, float32 [n, 2].

        Each text belongs to the conversation at its index. The log-probability is NaN if
        conversation and text together do not fit into the context.
        """
        pairs = [
            (conversation, self._words.ids(text))
            for conversation, text in zip(conversations, texts, strict=True)
        ]
        rated = np.array([[np.nan, len(answer)] for _, answer in pairs], np.float32)
        room = self._config.context
        fits = [
            row
            for row, (conversation, answer) in enumerate(pairs)
            if len(conversation.ids + answer) <= room
        ]
        if fits:
            rated[fits, 0] = self._rate([pairs[row] for row in fits])
        return rated

    def _rate(self, pairs: Sequence[tuple[ReaderInputs, list[int]]]) -> Array:
        """Return the log-probability of each pair's ids after its conversation, float32 [n]."""
        from mmbench.reference.architectures.language import UNLEARNT
        from mmbench.reference.tokens.words import pad_ids

        whole = [[*conversation.ids, *answer] for conversation, answer in pairs]
        labels = [[*[UNLEARNT] * len(conversation.ids), *answer] for conversation, answer in pairs]
        ids, images = self._inputs(whole, [conversation for conversation, _ in pairs])
        learnt = pad_ids(labels, UNLEARNT).to(self._device)
        return self._model.log_likelihoods(ids, learnt, images).cpu().numpy()


class LlavaNano(ReaderNano):
    """The reference LLaVA, which represents each image patch by one token."""

    name = "llava-nano"


class PrefixNano(ReaderNano):
    """The reference prefix model, which maps an image's CLIP embedding to a few tokens."""

    name = "prefix-nano"

"""The adapter of the multimodal GPT, which generates texts and images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mmbench.errors import ModelError, SampleError
from mmbench.models.support.conversations import split_parts
from mmbench.models.support.generation import generated_text
from mmbench.reference.adapters.support import (
    NanoModel,
    normalise_image,
    spectrogram,
    token_sampler,
)
from mmbench.types import Audio, GeneratedText, GenerationConfig, Message, Modality

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image
    from torch import Tensor

    from mmbench.reference.checkpoints.families import TrainedUnified
    from mmbench.reference.tokens.mixed import MessagePart, MessageTurn, TokenKind
    from mmbench.types import Array, DecodedPart


class UnifiedInputs(NamedTuple):
    """The token ids of a conversation, the pixels of its images, and its audio spectrograms.

    The pixels of each image are float32 [3, size, size]; each log-mel spectrogram is float32 [t,
    bands].
    """

    ids: list[int]
    pixels: list[NDArray[np.float32]]
    mels: list[Array]


class UnifiedNano(NanoModel):
    """The multimodal GPT.

    It generates texts from conversations with texts, images and audio, and images from texts. Image
    tokens are sampled at `temperature` from the `top_k` most likely tokens (0: from all) with
    classifier-free `guidance` (1: none). Raises ModelError for an invalid option.
    """

    name = "unified-nano"
    _checkpoint: TrainedUnified
    modalities: frozenset[Modality] = frozenset({"text", "image", "audio"})
    batch = 64  # the model is so small that a step of many rows costs little more than one row

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        guidance: float = 3.0,
        temperature: float = 0.4,
        top_k: int = 0,
    ) -> None:
        if temperature <= 0:
            raise ModelError(f"unified-nano: temperature is {temperature}; give a number above 0")
        if top_k < 0:
            raise ModelError(f"unified-nano: top_k is {top_k}; give 0 or a larger number")
        super().__init__(folder, device=device, dtype=dtype)
        self._bpe, self._model = self._checkpoint.bpe, self._checkpoint.model
        self._config = self._model.config
        self.rate = self._config.mel.rate
        self._guidance, self._temperature, self._top_k = guidance, temperature, top_k

    def prepare(
        self,
        item: str | Sequence[Message[DecodedPart]],
        modality: str,  # noqa: ARG002
    ) -> str | UnifiedInputs:
        """Return the model inputs of a conversation; return an image prompt unchanged.

        Raises SampleError if the conversation contains a video, or leaves no room in the context
        for an answer.
        """
        if isinstance(item, str):
            return item
        from mmbench.reference.tokens.mixed import TokenKind

        parts = split_parts(item)
        if parts.videos:
            raise SampleError("unified-nano takes texts, images and audio, but no videos")
        mel = self._config.mel
        mels = [spectrogram(sound, mel, mel.hop) for sound in parts.sounds]
        rest = iter(mels)
        turns = [(turn.role, [self._part(part, rest) for part in turn.parts]) for turn in item]
        ids = self._encode_fitting(turns, TokenKind.TEXT, "conversation")
        size = self._config.image_size
        scale = self._checkpoint.mean, self._checkpoint.std
        pixels = [normalise_image(image, size, *scale) for image in parts.images]
        return UnifiedInputs(ids, pixels, mels)

    def _part(self, part: DecodedPart, mels: Iterator[Array]) -> MessagePart:
        """Return a text unchanged, and a placeholder for the codes of an image or audio clip.

        For audio, the next spectrogram of `mels` determines the number of codes.
        """
        from mmbench.reference.tokens.mixed import CodeSpan, TokenKind

        if isinstance(part, str):
            return part
        if isinstance(part, Audio):
            stride = self._config.sound.stride
            return CodeSpan(TokenKind.SOUND, -(-len(next(mels)) // stride))
        return CodeSpan(TokenKind.IMAGE, self._config.patches)

    def _encode_fitting(
        self, turns: Sequence[MessageTurn], answer: TokenKind, what: str
    ) -> list[int]:
        """Return the token ids of a prompt that is followed by an answer of the kind `answer`.

        Raises SampleError, which calls the prompt `what`, if the context has no room for an answer.
        """
        from mmbench.reference.tokens.mixed import TokenKind, encode_prompt

        ids = encode_prompt(turns, self._bpe, self._config.layout, answer)
        room = self._config.context - (self._config.patches if answer == TokenKind.IMAGE else 0)
        if len(ids) >= room:
            raise SampleError(
                f"the {what} has {len(ids)} tokens; unified-nano takes fewer than {room}"
                f" ({self._config.patches} per image, {self.rate // self._hop} per second of audio)"
            )
        return ids

    @property
    def _hop(self) -> int:
        """The number of audio samples per token."""
        return self._config.mel.hop * self._config.sound.stride

    def write(
        self, conversations: Sequence[UnifiedInputs], options: GenerationConfig
    ) -> list[GeneratedText]:
        """Generate texts for n prepared conversations in one batch."""
        from mmbench.reference.tokens.mixed import CLOSE, TokenKind
        from mmbench.reference.tokens.writing import write

        ids, sampler = self._ids(conversations), token_sampler(options, len(conversations))
        answers = write(self._model.gpt, ids, CLOSE[TokenKind.TEXT], options.max_tokens, sampler)
        return [self._decode(one, options) for one in answers]

    def _ids(
        self, conversations: Sequence[UnifiedInputs], rows: Sequence[Sequence[int]] | None = None
    ) -> Tensor:
        """Return token ids [n, t], padded on the left, with codes of images and audio filled in.

        `rows`, if given, replaces the token ids of the conversations.
        """
        import torch
        from torch.nn.utils.rnn import pad_sequence

        from mmbench.reference.tokens.mixed import PAD
        from mmbench.reference.tokens.words import pad_ids

        ids = pad_ids(rows or [one.ids for one in conversations], PAD, "left").to(self._device)
        pixels = [image for one in conversations for image in one.pixels]
        mels = [torch.from_numpy(mel) for one in conversations for mel in one.mels]
        images = self._stack_images(pixels, self._config.image_size)
        mel = pad_sequence(mels, True) if mels else torch.empty(0, 0, self._config.mel.bands)
        frames = torch.tensor([len(mel) for mel in mels], device=self._device)
        return self._model.fill_codes(ids, images, mel.to(self._device, self._dtype), frames)

    def _decode(self, ids: list[int], options: GenerationConfig) -> GeneratedText:
        from mmbench.reference.tokens.mixed import CLOSE, TokenKind

        finished = bool(ids) and ids[-1] == CLOSE[TokenKind.TEXT]
        first = self._config.layout.ids(TokenKind.TEXT).start
        text = self._bpe.decode([token - first for token in ids[: len(ids) - finished]])
        return generated_text(text, len(ids) - finished, options, finished=finished)

    def loglikelihood(self, conversations: Sequence[UnifiedInputs], texts: Sequence[str]) -> Array:
        """Return each text's log-probability as the answer, and its token count, float32 [n, 2].

        Each text belongs to the conversation at its index. The log-probability is NaN if
        conversation and text together do not fit into the context.
        """
        answers = [self._text_ids(text) for text in texts]
        rated = np.array([[np.nan, len(ids)] for ids in answers], np.float32)
        for row, (conversation, ids) in enumerate(zip(conversations, answers, strict=True)):
            if len(conversation.ids) + len(ids) <= self._config.context:
                rated[row, 0] = self._rate(conversation, ids) if ids else 0
        return rated

    def _text_ids(self, text: str) -> list[int]:
        from mmbench.reference.tokens.mixed import TokenKind

        first = self._config.layout.ids(TokenKind.TEXT).start
        return [first + token for token in self._bpe.encode(text)]

    def _rate(self, conversation: UnifiedInputs, answer: list[int]) -> float:
        import torch

        ids = self._ids([conversation], [[*conversation.ids, *answer]])
        learnt = torch.zeros_like(ids, dtype=torch.bool)
        learnt[:, len(conversation.ids) :] = True
        with torch.inference_mode():
            return float(self._model.gpt.log_likelihoods(ids, learnt).sum())

    def draw(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Image | SampleError]:
        """Generate an RGB image for each of n prompts, with the seed at the same index.

        The result for a prompt that is too long is a SampleError.
        """
        results: dict[int, Image | SampleError] = {}
        prompt_ids: dict[int, list[int]] = {}
        for row, prompt in enumerate(prompts):
            try:
                prompt_ids[row] = self._encode_prompt(prompt)
            except SampleError as error:
                results[row] = error
        if prompt_ids:
            drawn = self._draw_ids(list(prompt_ids.values()), [seeds[row] for row in prompt_ids])
            results |= dict(zip(prompt_ids, drawn, strict=True))
        return [results[row] for row in range(len(prompts))]

    def _encode_prompt(self, prompt: str) -> list[int]:
        from mmbench.reference.tokens.mixed import TokenKind

        return self._encode_fitting([("user", [prompt])], TokenKind.IMAGE, "prompt")

    def _draw_ids(self, prompt_ids: Sequence[list[int]], seeds: Sequence[int]) -> list[Image]:
        """Generate an image for each prompt, given as token ids, with its seed."""
        import torch
        from PIL.Image import fromarray

        from mmbench.reference.tokens.mixed import CLOSE, PAD, TokenKind
        from mmbench.reference.tokens.sampling import TokenSampler
        from mmbench.reference.tokens.words import pad_ids
        from mmbench.reference.tokens.writing import write

        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        sampler = TokenSampler(self._temperature, 1.0, generators, self._top_k)
        ids, patches = pad_ids(prompt_ids, PAD, "left").to(self._device), self._config.patches
        end = CLOSE[TokenKind.IMAGE]
        generated = write(self._model.gpt, ids, end, patches, sampler, self._guidance)
        first = self._config.layout.ids(TokenKind.IMAGE).start
        codes = torch.tensor(generated, device=self._device) - first
        pixels = self._model.images.decode(codes).float().cpu().permute(0, 2, 3, 1).numpy()
        scale = self._checkpoint.mean, self._checkpoint.std
        mean, std = (np.array(values, np.float32) for values in scale)
        scaled = np.clip((pixels * std + mean) * 255, 0, 255).round().astype(np.uint8)
        return [fromarray(image) for image in scaled]

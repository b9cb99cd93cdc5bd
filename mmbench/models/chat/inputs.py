"""Inputs of chat models: conversations rendered and encoded by the checkpoint's processor.

Some templates and processors drop images, videos or audio silently. Therefore the media are counted
after each step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mmbench.errors import ModelError, SampleError
from mmbench.models.chat.templates import ChatTemplate
from mmbench.models.support.conversations import split_parts
from mmbench.models.support.library_messages import quiet, reason
from mmbench.models.support.pretrained import load_processor
from mmbench.models.support.videos import video_inputs
from mmbench.types import Message, Modality, VideoFrames

if TYPE_CHECKING:
    from PIL.Image import Image

    from mmbench.models.support.library_types import Batch, Configuration, Processor
    from mmbench.types import Array, DecodedPart

# Attributes of processors that hold the placeholder token of a modality.
_PLACEHOLDERS: dict[Modality, tuple[str, ...]] = {
    "image": ("image_token", "boi_token"),
    "video": ("video_token",),
    "audio": ("audio_token", "boa_token"),
}


class RenderedConversation(NamedTuple):
    """The prompt that a chat template renders from a conversation, and the media in order.

    `sounds` are audio samples at the model's sampling rate, float32 [n] each.
    """

    text: str
    images: list[Image]
    videos: list[VideoFrames]
    sounds: list[Array]

    @property
    def counts(self) -> dict[Modality, int]:
        """The number of images, videos and audio clips, by modality."""
        return {"image": len(self.images), "video": len(self.videos), "audio": len(self.sounds)}

    def sizes(self) -> list[int]:
        """Return the number of media of each type, then the number of frames of each video."""
        return [*self.counts.values(), *(len(video.seconds) for video in self.videos)]


class ChatInputs:
    """The processor and the chat template of the checkpoint in `folder`.

    `needs` lists the required parts of the processor in addition to its tokenizer; `template` is
    the path of a Jinja file that replaces the checkpoint's template; `variables` are passed to the
    template. Raises ModelError if a part is
    missing.
    """

    def __init__(
        self,
        folder: Path,
        needs: Sequence[str],
        *,
        template: str | None,
        variables: Mapping[str, object],
        trust_remote_code: bool,
    ) -> None:
        self.processor = load_processor(folder, trust_remote_code=trust_remote_code)
        _refuse_incomplete(folder, self.processor, needs)
        self._template = ChatTemplate(folder, self.processor, template, variables)

    def complete(self, config: Configuration) -> None:
        """Set missing attributes of the processor from the configuration of the model.

        A LLaVA processor must know how many tokens represent an image. In folders from before 2025,
        processor_config.json is missing or also counts the class token of CLIP. A tokenizer without
        a padding token gets its end token as padding token.
        """
        processor, words = self.processor, self.processor.tokenizer
        if hasattr(processor, "num_additional_image_tokens"):
            _count_image_tokens(processor, config)
        if words.pad_token_id is None:
            words.pad_token = words.eos_token

    def render(self, conversation: Sequence[Message[DecodedPart]]) -> RenderedConversation:
        """Render a conversation with the chat template and collect its media.

        Raises SampleError if the template drops an image, video or audio clip, or fails.
        """
        text = self._template.render(conversation)
        parts = split_parts(conversation)
        sounds = [sound.samples for sound in parts.sounds]
        rendered = RenderedConversation(text, parts.images, parts.videos, sounds)
        for modality, expected in rendered.counts.items():
            _refuse_drop(modality, expected, self._count_placeholders(modality, text))
        return rendered

    def _count_placeholders(self, modality: Modality, text: str) -> int:
        tokens = [getattr(self.processor, name, None) for name in _PLACEHOLDERS[modality]]
        return max((text.count(str(token)) for token in tokens if token), default=0)

    def batch(self, conversations: Sequence[RenderedConversation]) -> Batch:
        """Return the model inputs of n conversations, padded on the left.

        All conversations have the same number of images, videos and audio clips. Raises SampleError
        if the processor drops media or refuses a conversation (PaliGemma: without an image).
        """
        first = conversations[0]
        try:
            with quiet():
                inputs = self.processor(
                    text=[one.text for one in conversations],
                    **self._media(conversations),
                    padding=True,
                    padding_side="left",
                    return_tensors="pt",
                    add_special_tokens=not self._has_start_token(first.text),
                )
        except ValueError as error:
            raise SampleError(
                f"the model's processor refuses the conversation: {reason(error)}"
            ) from error
        self._refuse_dropped(inputs, conversations)
        return inputs

    def _media(self, conversations: Sequence[RenderedConversation]) -> dict[str, object]:
        """Return the media of all conversations as keyword arguments of the processor."""
        first = conversations[0]
        media: dict[str, object] = {}
        if first.images:
            media["images"] = [one.images for one in conversations]
        if first.videos:
            media |= video_inputs([clip for one in conversations for clip in one.videos])
        if first.sounds:  # a flat list; placeholder tokens tell which text each clip belongs to
            media["audio"] = [sound for one in conversations for sound in one.sounds]
            media["sampling_rate"] = self.processor.feature_extractor.sampling_rate
        return media

    def _has_start_token(self, text: str) -> bool:
        """Return whether the text begins with the tokenizer's start token."""
        begin = self.processor.tokenizer.bos_token
        return bool(begin) and text.startswith(begin)

    def _refuse_dropped(self, inputs: Batch, conversations: Sequence[RenderedConversation]) -> None:
        """Raise SampleError if a row of the batch has fewer media tokens than media."""
        for name in _PLACEHOLDERS:
            token = getattr(self.processor, f"{name}_token_id", None)
            if token is None or not conversations[0].counts[name]:
                continue
            for one, ids in zip(conversations, inputs["input_ids"], strict=True):
                _refuse_drop(name, one.counts[name], int((ids == token).sum()))


def _refuse_drop(modality: Modality, expected: int, arrived: int) -> None:
    if arrived < expected:
        raise SampleError(
            f"{arrived} of {expected} {modality}s reached the model; its chat template or"
            f" processor dropped the {'others' if arrived else modality + 's'}"
        )


def _count_image_tokens(processor: Configuration, config: Configuration) -> None:
    tower = config.vision_config
    processor.patch_size = processor.patch_size or tower.patch_size
    if processor.vision_feature_select_strategy is None:
        processor.vision_feature_select_strategy = config.vision_feature_select_strategy
    if tower.model_type == "clip_vision_model":
        processor.num_additional_image_tokens = 1


def _refuse_incomplete(folder: Path, processor: Processor, needs: Sequence[str]) -> None:
    """Raise ModelError if the processor lacks a part in `needs` or a tokenizer.

    AutoProcessor loads an incomplete processor without an error if torchvision or a file is
    missing.
    """
    if hasattr(processor, "num_query_tokens"):
        raise ModelError(
            f"checkpoint {folder}: {type(processor).__name__} always puts one image before the"
            " text; give a model with a chat template that places images"
        )
    missing = [name for name in ("tokenizer", *needs) if not hasattr(processor, name)]
    if missing:
        raise ModelError(
            f"checkpoint {folder}: its processor has no {', '.join(missing)}; download the missing"
            " files, or, for videos, install torchvision with `pip install 'mmbench[video]'`"
        )

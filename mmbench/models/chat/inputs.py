"""From a conversation to the tensors that a chat model takes, by the checkpoint's own processor.

Processors and templates are known to drop an image or a sound without a word, so that each medium
is counted on its way.
"""

from __future__ import annotations

from collections.abc import Sequence
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

# What a processor calls the token that stands for a medium in a text, by modality.
_PLACEHOLDERS: dict[Modality, tuple[str, ...]] = {
    "image": ("image_token", "boi_token"),
    "video": ("video_token",),
    "audio": ("audio_token", "boa_token"),
}


class RenderedConversation(NamedTuple):
    """A conversation as its template renders it, and its media in their order.

    A sound is its samples, float32 [n].
    """

    text: str
    images: list[Image]
    videos: list[VideoFrames]
    sounds: list[Array]

    @property
    def counts(self) -> dict[Modality, int]:
        """Return how many media of each sort there are."""
        return {"image": len(self.images), "video": len(self.videos), "audio": len(self.sounds)}


class ChatInputs:
    """The processor and the chat template of `folder`.

    `needs` are the parts that the processor must have besides its tokenizer; `template` is the path
    of a Jinja file for a checkpoint that has none. Raises ModelError when a part is missing.
    """

    def __init__(
        self,
        folder: Path,
        needs: Sequence[str],
        *,
        template: str | None,
        trust_remote_code: bool,
    ) -> None:
        self.processor = load_processor(folder, trust_remote_code=trust_remote_code)
        _refuse_incomplete(folder, self.processor, needs)
        self._template = ChatTemplate(folder, self.processor, template)

    def complete(self, config: Configuration) -> None:
        """Tell the processor what its folder left out and the configuration of the model knows.

        A processor of LLaVA's must know how many tokens an image has. Folders from before 2025 lack
        a processor_config.json, or have one that counts the class token of CLIP. A tokenizer must
        have a token to pad with.
        """
        processor, words = self.processor, self.processor.tokenizer
        if hasattr(processor, "num_additional_image_tokens"):
            _count_image_tokens(processor, config)
        if words.pad_token_id is None:
            words.pad_token = words.eos_token

    def render(self, conversation: Sequence[Message[DecodedPart]]) -> RenderedConversation:
        """Return the text of a conversation with its media.

        Raises SampleError where the template drops a medium, or takes no such conversation.
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
        """Return what the model takes of n conversations with as many media, padded at the left.

        Raises SampleError for a dropped medium, and for what the processor refuses: PaliGemma's
        takes no conversation without an image.
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
            raise SampleError(f"its processor refuses the conversation: {reason(error)}") from error
        self._refuse_dropped(inputs, conversations)
        return inputs

    def _media(self, conversations: Sequence[RenderedConversation]) -> dict[str, object]:
        """Return the arguments of the processor for the media of all conversations."""
        first = conversations[0]
        media: dict[str, object] = {}
        if first.images:
            media["images"] = [one.images for one in conversations]
        if first.videos:
            media |= video_inputs([clip for one in conversations for clip in one.videos])
        if first.sounds:  # a flat list, whose place the tokens of the texts tell
            media["audio"] = [sound for one in conversations for sound in one.sounds]
            media["sampling_rate"] = self.processor.feature_extractor.sampling_rate
        return media

    def _has_start_token(self, text: str) -> bool:
        """Return whether the template has written the token that begins a text itself."""
        begin = self.processor.tokenizer.bos_token
        return bool(begin) and text.startswith(begin)

    def _refuse_dropped(self, inputs: Batch, conversations: Sequence[RenderedConversation]) -> None:
        """Refuse a batch where a row with media lacks their tokens."""
        for name in _PLACEHOLDERS:
            token = getattr(self.processor, f"{name}_token_id", None)
            if token is None or not conversations[0].counts[name]:
                continue
            for one, ids in zip(conversations, inputs["input_ids"], strict=True):
                _refuse_drop(name, one.counts[name], int((ids == token).sum()))


def _refuse_drop(modality: Modality, expected: int, arrived: int) -> None:
    if arrived < expected:
        raise SampleError(
            f"{arrived} of {expected} {modality}s reached the model: its chat template or"
            f" processor has no place for {modality}s there"
        )


def _count_image_tokens(processor: Configuration, config: Configuration) -> None:
    tower = config.vision_config
    processor.patch_size = processor.patch_size or tower.patch_size
    if processor.vision_feature_select_strategy is None:
        processor.vision_feature_select_strategy = config.vision_feature_select_strategy
    if tower.model_type == "clip_vision_model":
        processor.num_additional_image_tokens = 1


def _refuse_incomplete(folder: Path, processor: Processor, needs: Sequence[str]) -> None:
    """Refuse less than all, as AutoProcessor gives it without torchvision or a file."""
    if hasattr(processor, "num_query_tokens"):
        raise ModelError(
            f"checkpoint {folder}: {type(processor).__name__} puts one image before a text by"
            " itself; a model is needed whose conversations say where images stand"
        )
    missing = [name for name in ("tokenizer", *needs) if not hasattr(processor, name)]
    if missing:
        raise ModelError(
            f"checkpoint {folder}: its processor has no {', '.join(missing)}: a file is missing, or"
            " a library that it needs, as torchvision for videos: pip install 'mmbench[video]'"
        )

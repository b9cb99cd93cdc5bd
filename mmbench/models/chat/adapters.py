"""Chat models of transformers that take text with images, videos or audio."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from mmbench.errors import ContentError, SampleError
from mmbench.models.chat.inputs import ChatInputs, RenderedConversation
from mmbench.models.support.frame_options import EIGHT_FRAMES, FrameOptions
from mmbench.models.support.generation import (
    drop_decoding_settings,
    end_tokens,
    greedy_or_sampled,
    seeded,
)
from mmbench.models.support.groups import map_groups
from mmbench.models.support.library_messages import quiet
from mmbench.models.support.lora import TakesLora
from mmbench.models.support.pixel_limits import (
    FrameResizer,
    PixelLimits,
    VideoPixelLimits,
    limit_images,
)
from mmbench.models.support.pretrained import checkpoint_folder, load_model
from mmbench.models.support.reasoning import decode_with_markers, reasons
from mmbench.models.support.writing_options import WritingOptions
from mmbench.text import count
from mmbench.types import GeneratedText, GenerationConfig, Message, Modality

if TYPE_CHECKING:
    from mmbench.models.support.library_types import Batch
    from mmbench.types import Array, DecodedPart

# Seconds. Qwen2-Audio encodes 40 ms as one token. It mistakes audio of a single token for the input
# format of its first release and fails.
_SHORTEST = 0.1


class ChatOptions(WritingOptions, frozen=True, kw_only=True):
    """The options of chat models of transformers.

    `lora` is the folder of a LoRA of peft, `template` the path of a Jinja file that replaces the
    chat template of the checkpoint.
    """

    lora: str | None = None
    template: str | None = None


_DEFAULT = ChatOptions()
_NO_LIMITS, _NO_VIDEO_LIMITS = PixelLimits(), VideoPixelLimits()


class Chat(TakesLora):
    """A generative model of transformers with a processor and a chat template.

    `folder` is a checkpoint folder as written by `save_pretrained`, `device` cpu, cuda or cuda:N,
    and `dtype` the name of a torch dtype. A subclass sets `_name`, the registered name of the
    model, `_auto`, the class of transformers that loads it, and `_needs`, the required parts of its
    processor. Raises ModelError if a part is missing.
    """

    version = 2
    splits_reasoning = True
    reasons = staticmethod(reasons)
    bfloat16 = True  # the dtype of training and serving: `--dtype auto` selects it if available
    default_checkpoint: str | None = None
    _name: ClassVar[str]
    _auto: ClassVar[str] = "AutoModelForImageTextToText"
    _needs: ClassVar[tuple[str, ...]] = ("image_processor",)

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        options: ChatOptions = _DEFAULT,
        trust_remote_code: bool = False,
    ) -> None:
        import torch

        folder = checkpoint_folder(folder, self._name, self.default_checkpoint)
        self._device, self._dtype = device, getattr(torch, dtype)
        self._options, self._reasoning = options, options.reasoning
        self._chat = ChatInputs(
            folder,
            self._needs,
            template=options.template,
            variables=options.chat_template_kwargs,
            trust_remote_code=trust_remote_code,
        )
        self._processor = self._chat.processor
        self._tokenizer = self._processor.tokenizer
        self._model = load_model(
            folder,
            device=device,
            dtype=dtype,
            auto=self._auto,
            trust_remote_code=trust_remote_code,
            lora=options.lora,
        )
        self._chat.complete(self._model.config)
        self._markers = self._reasoning.tokens(self._tokenizer)
        drop_decoding_settings(self._model)

    def prepare(self, item: Sequence[Message[DecodedPart]], modality: str) -> RenderedConversation:  # noqa: ARG002
        """Render a conversation with the chat template.

        Raises SampleError if the template drops an image, video or audio clip, or fails.
        """
        return self._chat.render(self._options.with_system(item))

    def write(
        self, conversations: Sequence[RenderedConversation], options: GenerationConfig
    ) -> list[GeneratedText | SampleError]:
        """Generate a text for each of n prepared conversations, or return its error.

        Conversations with equal numbers of images, videos, audio clips and frames per video share
        a batch. Sampled texts are generated one at a time.
        """
        settings = self._options.applied(options)
        answer = partial(
            self._one_by_one if settings.temperature > 0 else self._answers, options=settings
        )
        return map_groups(conversations, RenderedConversation.sizes, answer)

    def _answers(
        self, conversations: list[RenderedConversation], options: GenerationConfig
    ) -> list[GeneratedText | SampleError]:
        import torch

        try:
            inputs = self._inputs(conversations)
        except SampleError as error:
            is_single = len(conversations) == 1
            return [error] if is_single else self._one_by_one(conversations, options)
        width = inputs["input_ids"].shape[1]
        with quiet(), seeded(options.seed, self._device), torch.inference_mode():
            rows = self._model.generate(
                **inputs,
                **greedy_or_sampled(
                    self._reasoning.extended(options), self._options.more_settings()
                ),
                pad_token_id=self._tokenizer.pad_token_id,
            )
        return [
            self._decode(row[width:].tolist(), one.text, options)
            for one, row in zip(conversations, rows, strict=True)
        ]

    def _one_by_one(
        self, conversations: Sequence[RenderedConversation], options: GenerationConfig
    ) -> list[GeneratedText | SampleError]:
        """Generate one text at a time, so that a refused conversation fails no other one."""
        return [answer for one in conversations for answer in self._answers([one], options)]

    def _inputs(self, conversations: list[RenderedConversation]) -> Batch:
        return self._chat.batch(conversations).to(self._device, self._dtype)

    def _decode(self, ids: list[int], prompt: str, options: GenerationConfig) -> GeneratedText:
        stops = end_tokens(self._model, self._tokenizer)
        end = next((at for at, token in enumerate(ids) if token in stops), None)
        return self._reasoning.generated_text(
            ids[:end],
            prompt,
            options,
            partial(decode_with_markers, self._tokenizer, self._markers),
            finished=end is not None or len(ids) < self._reasoning.extended(options).max_tokens,
        )

    def loglikelihood(
        self, conversations: Sequence[RenderedConversation], texts: Sequence[str]
    ) -> Array:
        """Return each text's log-probability as the response and its token count, float32 [n, 2].

        `texts` has one candidate response per conversation. Prompt and text are tokenised
        separately, so that the prompt tokens do not depend on the text. The text is forced token by
        token through `generate`, so that attention and positions match generation. Texts are scored
        one at a time, without padding.
        """
        import numpy as np

        pairs = zip(conversations, texts, strict=True)
        return np.array([self._rate(one, text) for one, text in pairs], np.float32)

    def _rate(self, conversation: RenderedConversation, text: str) -> tuple[float, int]:
        import torch

        tokens = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        if not tokens:
            return 0.0, 0
        forced = iter(tokens)
        with quiet(), torch.inference_mode():
            output = self._model.generate(
                **self._inputs([conversation]),
                **greedy_or_sampled(GenerationConfig(max_tokens=len(tokens))),
                prefix_allowed_tokens_fn=lambda _row, _ids: [next(forced)],
                pad_token_id=self._tokenizer.pad_token_id,
                return_dict_in_generate=True,
                output_logits=True,  # as computed before other tokens are forbidden
            )
        scores = torch.cat(output.logits).float().log_softmax(-1).cpu()
        return float(scores[range(len(tokens)), tokens].sum()), len(tokens)


class Llava(Chat):
    """A chat model of images and text that AutoModelForImageTextToText can load.

    A conversation may contain several images at any positions between its texts. For checkpoints of
    the Qwen-VL family, `pixels` limits the size of an image.
    """

    modalities: frozenset[Modality] = frozenset({"text", "image"})
    default_checkpoint: str | None = "llava-hf/llava-1.5-7b-hf"
    _name = "llava"

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        pixels: PixelLimits = _NO_LIMITS,
        options: ChatOptions = _DEFAULT,
        trust_remote_code: bool = False,
    ) -> None:
        super().__init__(
            folder,
            device=device,
            dtype=dtype,
            options=options,
            trust_remote_code=trust_remote_code,
        )
        limit_images(self._processor, pixels, folder)


class VideoLlm(Chat):
    """A chat model of videos, images and text that AutoModelForImageTextToText can load.

    `frame_options` select the frames of a video: `frames`, a number (8 by default) spread over the
    whole video, or `fps` with the limits `min_frames` and `max_frames`. The processors of these
    checkpoints need torchvision, even for images. Without torchvision, use `frames+llava`, which
    passes the frames to an image model.

    For checkpoints of the Qwen-VL family, `pixels` limits the size of images, frames and videos.
    With at least one limit, frames are resized as in qwen-vl-utils 0.0.14, otherwise by the
    processor of the checkpoint.
    """

    modalities: frozenset[Modality] = frozenset({"text", "image", "video"})
    default_checkpoint: str | None = "llava-hf/LLaVA-NeXT-Video-7B-hf"
    _name = "video-llm"
    _needs = ("image_processor", "video_processor")

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        frame_options: FrameOptions = EIGHT_FRAMES,
        pixels: VideoPixelLimits = _NO_VIDEO_LIMITS,
        options: ChatOptions = _DEFAULT,
        trust_remote_code: bool = False,
    ) -> None:
        super().__init__(
            folder,
            device=device,
            dtype=dtype,
            options=options,
            trust_remote_code=trust_remote_code,
        )
        self.frames = frame_options.selection
        limit_images(self._processor, pixels, folder)
        limited = pixels.any_given
        self._resizer = FrameResizer(self._processor, pixels, folder) if limited else None

    def prepare(self, item: Sequence[Message[DecodedPart]], modality: str) -> RenderedConversation:
        """Render a conversation with the chat template, after resizing its videos to the limits.

        Raises SampleError if the template drops an image, video or audio clip, or fails. With
        limits, raises ContentError if one side of a frame is more than 200 times the other.
        """
        return super().prepare(self._resizer.resized(item) if self._resizer else item, modality)


class AudioLlm(Chat):
    """A chat model of audio and text that AutoModelForMultimodalLM can load.

    Audio longer than the encoder's window (30 seconds for Qwen2-Audio) makes a failed sample, since
    the feature extractor would truncate it silently. So does audio of less than 0.1 seconds.
    """

    modalities: frozenset[Modality] = frozenset({"text", "audio"})
    default_checkpoint: str | None = "Qwen/Qwen2-Audio-7B-Instruct"
    _name = "audio-llm"
    _auto = "AutoModelForMultimodalLM"
    _needs = ("feature_extractor",)

    @property
    def rate(self) -> int:
        """The sampling rate of the model in Hz."""
        return int(self._processor.feature_extractor.sampling_rate)

    def prepare(self, item: Sequence[Message[DecodedPart]], modality: str) -> RenderedConversation:
        """Render a conversation with the chat template.

        Raises SampleError if an audio clip is longer than the encoder's window, ContentError if it
        is shorter than 0.1 seconds.
        """
        rendered = super().prepare(item, modality)
        window = getattr(self._processor.feature_extractor, "n_samples", None)
        for samples in rendered.sounds:
            if len(samples) < _SHORTEST * self.rate:
                raise ContentError(
                    f"the audio is shorter than {_SHORTEST} s ({count(len(samples), 'sample')})"
                )
            if window is not None and len(samples) > window:
                seconds = len(samples) / self.rate, window / self.rate
                raise SampleError(
                    f"the audio lasts {seconds[0]:.1f} s, longer than the model's window of"
                    f" {seconds[1]:.0f} s"
                )
        return rendered

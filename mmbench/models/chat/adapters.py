"""Chat models of transformers that answer about images, videos and sounds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from mmbench.errors import ContentError, SampleError
from mmbench.models.chat.inputs import ChatInputs, RenderedConversation
from mmbench.models.support.generation import (
    drop_decoding_settings,
    end_tokens,
    generated_text,
    greedy_or_sampled,
    seeded,
)
from mmbench.models.support.groups import map_groups
from mmbench.models.support.library_messages import quiet
from mmbench.models.support.pretrained import checkpoint_folder, load_model
from mmbench.text import count
from mmbench.types import Frames, GeneratedText, GenerationConfig, Message, Modality

if TYPE_CHECKING:
    from mmbench.models.support.library_types import Batch
    from mmbench.types import Array, DecodedPart

# Seconds. Qwen2-Audio makes one token of 40 ms. It mistakes a sound of a single token for the input
# format of its first release, which fails now.
_SHORTEST = 0.1


class Chat:
    """A generative model of transformers with a processor and a chat template.

    `folder` holds them as `save_pretrained` writes them. `_name` is the registered name, `_auto`
    the class of transformers that loads the model, `_needs` the required parts of its processor.
    `template` is the path of a Jinja file for a checkpoint without a template. Raises ModelError
    if a part is missing.
    """

    version = 1
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
        template: str | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        import torch

        folder = checkpoint_folder(folder, self._name, self.default_checkpoint)
        self._device, self._dtype = device, getattr(torch, dtype)
        self._chat = ChatInputs(
            folder, self._needs, template=template, trust_remote_code=trust_remote_code
        )
        self._processor = self._chat.processor
        self._tokenizer = self._processor.tokenizer
        self._model = load_model(
            folder,
            device=device,
            dtype=dtype,
            auto=self._auto,
            trust_remote_code=trust_remote_code,
        )
        self._chat.complete(self._model.config)
        drop_decoding_settings(self._model)

    def prepare(self, item: Sequence[Message[DecodedPart]], modality: str) -> RenderedConversation:  # noqa: ARG002
        """Return a conversation as its template renders it.

        Raises SampleError if the template drops a medium or refuses the conversation.
        """
        return self._chat.render(item)

    def write(
        self, conversations: Sequence[RenderedConversation], options: GenerationConfig
    ) -> list[GeneratedText | SampleError]:
        """Return answers to n prepared conversations. Equal numbers of media share a batch."""
        answer = partial(
            self._one_by_one if options.temperature > 0 else self._answers, options=options
        )
        return map_groups(conversations, lambda one: list(one.counts.values()), answer)

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
                **greedy_or_sampled(options),
                pad_token_id=self._tokenizer.pad_token_id,
            )
        return [self._decode(row[width:].tolist(), options) for row in rows]

    def _one_by_one(
        self, conversations: Sequence[RenderedConversation], options: GenerationConfig
    ) -> list[GeneratedText | SampleError]:
        """Answer one at a time, so that a dropped medium fails only its own conversation."""
        return [answer for one in conversations for answer in self._answers([one], options)]

    def _inputs(self, conversations: list[RenderedConversation]) -> Batch:
        return self._chat.batch(conversations).to(self._device, self._dtype)

    def _decode(self, ids: list[int], options: GenerationConfig) -> GeneratedText:
        stops = end_tokens(self._model, self._tokenizer)
        end = next((at for at, token in enumerate(ids) if token in stops), None)
        tokens = ids if end is None else ids[:end]
        text = self._tokenizer.decode(tokens, skip_special_tokens=True)
        finished = end is not None or len(ids) < options.max_tokens
        return generated_text(text, len(tokens), options, finished=finished)

    def loglikelihood(
        self, conversations: Sequence[RenderedConversation], texts: Sequence[str]
    ) -> Array:
        """Return the log-probability of each text as the answer, and its tokens, float32 [n, 2].

        Prompt and text are tokenised separately, so that the prompt is the same for every text. The
        probabilities are those of steps of generation, so that attention and positions are the same
        as in generation. Texts are rated one at a time, without padding.
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
                output_logits=True,  # those before all other tokens were forbidden
            )
        scores = torch.cat(output.logits).float().log_softmax(-1).cpu()
        return float(scores[range(len(tokens)), tokens].sum()), len(tokens)


class Llava(Chat):
    """Any model that AutoModelForImageTextToText loads, through its chat template.

    A conversation may hold several images, each at its position between texts.
    """

    modalities: frozenset[Modality] = frozenset({"text", "image"})
    default_checkpoint: str | None = "llava-hf/llava-1.5-7b-hf"
    _name = "llava"


class VideoLlm(Chat):
    """Any model that AutoModelForImageTextToText loads with a processor for videos.

    `frames` is the number of frames, spread over the video. The processors of these folders need
    torchvision, for images too; without it, `frames+llava` passes the frames to an image model.
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
        frames: int = 8,
        template: str | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        super().__init__(
            folder,
            device=device,
            dtype=dtype,
            template=template,
            trust_remote_code=trust_remote_code,
        )
        self.frames = Frames(frames)


class AudioLlm(Chat):
    """Any model that AutoModelForMultimodalLM loads with a processor for sounds.

    A sound longer than the encoder's window (30 seconds, Qwen2-Audio) is a failed sample, since the
    extractor would cut it silently. A sound of less than 0.1 seconds is a failed sample too.
    """

    modalities: frozenset[Modality] = frozenset({"text", "audio"})
    default_checkpoint: str | None = "Qwen/Qwen2-Audio-7B-Instruct"
    _name = "audio-llm"
    _auto = "AutoModelForMultimodalLM"
    _needs = ("feature_extractor",)

    @property
    def rate(self) -> int:
        """Return the sampling rate of the model in samples per second."""
        return int(self._processor.feature_extractor.sampling_rate)

    def prepare(self, item: Sequence[Message[DecodedPart]], modality: str) -> RenderedConversation:
        """Return a conversation as its template renders it.

        Raises SampleError for a sound longer than the window, ContentError for one that is too
        short.
        """
        rendered = super().prepare(item, modality)
        window = getattr(self._processor.feature_extractor, "n_samples", None)
        for samples in rendered.sounds:
            if len(samples) < _SHORTEST * self.rate:
                raise ContentError(
                    f"the sound has {count(len(samples), 'sample')}, less than {_SHORTEST} seconds"
                )
            if window is not None and len(samples) > window:
                seconds = len(samples) / self.rate, window / self.rate
                raise SampleError(
                    f"the sound lasts {seconds[0]:.1f} s, and the model hears {seconds[1]:.0f} s"
                )
        return rendered

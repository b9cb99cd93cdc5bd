"""Speech recognition with encoder-decoder models: Whisper, Moonshine, Speech2Text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mmbench.errors import ModelError, SampleError
from mmbench.models.support.arrays import Arrays, process_item, stack_batch
from mmbench.models.support.conversations import only_sound
from mmbench.models.support.generation import drop_decoding_settings, end_tokens
from mmbench.models.support.groups import map_groups, shape_key
from mmbench.models.support.library_messages import quiet
from mmbench.models.support.lora import TakesLora
from mmbench.models.support.pretrained import (
    checkpoint_folder,
    load_feature_extractor,
    load_model,
    load_tokenizer,
)
from mmbench.models.support.sounds import refuse_short
from mmbench.types import Audio, GeneratedText, GenerationConfig, Message, Modality

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.types import DecodedPart

# Tokens per second; longer outputs of Moonshine are repetition loops (usefulsensors/moonshine).
_TOKEN_RATE = 6.5
_BEGINNING = 8  # positions reserved for the tokens before the text: language, task ...


class SpeechFeatures(NamedTuple):
    """The model inputs of an audio clip, and its duration in seconds."""

    arrays: Arrays
    seconds: float


class Whisper(TakesLora):
    """A speech recogniser of transformers with an encoder and a text decoder, decoded greedily.

    `folder` holds the model, its feature extractor and its tokenizer. Instructions in the
    conversation are ignored. `language` (such as "en") and `task` (transcribe or translate) are for
    multilingual Whisper, which detects the language by default. Whisper processes 30 seconds at a
    time and pads shorter audio. Longer audio is transcribed in windows, each of which begins at the
    last predicted timestamp, as in the paper (Radford et al. 2022, arXiv 2212.04356, section 4.5),
    but without conditioning on the previous window's text; the token limit applies per window.
    Other models process a whole clip; clips of equal length share a batch. `lora` is the folder of
    a LoRA of peft. Raises ModelError if the folder holds another kind of model.
    """

    modalities: frozenset[Modality] = frozenset({"audio"})
    version = 1
    default_checkpoint: str | None = "openai/whisper-base.en"

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        lora: str | None = None,
        language: str | None = None,
        task: str | None = None,
    ) -> None:
        folder = checkpoint_folder(folder, "whisper", self.default_checkpoint)
        self._device, self._dtype = device, dtype
        self._extractor = load_feature_extractor(folder)
        self._tokenizer = load_tokenizer(folder)
        self._model = load_model(
            folder, device=device, dtype=dtype, auto="AutoModelForSpeechSeq2Seq", lora=lora
        )
        drop_decoding_settings(self._model)
        self._is_whisper = self._model.config.model_type == "whisper"
        self._language = {"language": language, "task": task}
        if any(self._language.values()) and not self._model.generation_config.to_dict().get(
            "is_multilingual"
        ):
            raise ModelError(f"checkpoint {folder} is monolingual; leave language and task out")
        self.rate = int(self._extractor.sampling_rate)

    def prepare(self, item: Sequence[Message[DecodedPart]], modality: str) -> SpeechFeatures:  # noqa: ARG002
        """Return the features of the audio clip in a conversation.

        They include an attention mask if the extractor returns one. Raises ContentError for audio
        shorter than one frame of the model. Raises SampleError unless the conversation has exactly
        one clip. Also raises SampleError for audio longer than one window if the checkpoint defines
        no timestamp tokens.
        """
        sound = only_sound(item)
        refuse_short(len(sound.samples), self._model, self._extractor)
        self._refuse_long(seconds_of(sound))
        features = process_item(self._extractor, sound.samples, **self._extractor_options(sound))
        return SpeechFeatures(features, seconds_of(sound))

    def _refuse_long(self, seconds: float) -> None:
        timestamp_token = getattr(self._model.generation_config, "no_timestamps_token_id", None)
        if self._is_whisper and timestamp_token is None and seconds > self._extractor.chunk_length:
            raise SampleError(
                f"the audio lasts {seconds:.1f} s, and several windows need the setting"
                " no_timestamps_token_id; copy generation_config.json of the base model"
            )

    def _extractor_options(self, sound: Audio) -> dict[str, object]:
        settings: dict[str, object] = {"sampling_rate": sound.rate, "return_attention_mask": True}
        if self._is_whisper:
            short = seconds_of(sound) <= self._extractor.chunk_length
            settings |= {"padding": "max_length" if short else "longest", "truncation": short}
        return settings

    def write(
        self, conversations: Sequence[SpeechFeatures], options: GenerationConfig
    ) -> list[GeneratedText]:
        """Return the transcripts of n prepared audio clips; equal lengths share a batch."""
        answer = partial(self._generate, options=options)
        return map_groups(conversations, lambda features: shape_key(features.arrays), answer)

    def _generate(
        self, group: list[SpeechFeatures], options: GenerationConfig
    ) -> list[GeneratedText]:
        import torch

        inputs = stack_batch([features.arrays for features in group], self._device, self._dtype)
        with quiet(), torch.inference_mode():
            output = self._model.generate(**inputs, **self._generation_options(group, options))
        if not self._is_whisper:
            return [self._decode(row, [row]) for row in output]
        windows = [[part["result"] for part in parts] for parts in output["segments"]]
        return [self._decode(*pair) for pair in zip(output["sequences"], windows, strict=True)]

    def _generation_options(
        self, group: list[SpeechFeatures], options: GenerationConfig
    ) -> dict[str, object]:
        config, max_tokens = self._model.config, options.max_tokens
        seconds = max(features.seconds for features in group)
        settings: dict[str, object] = {"do_sample": False, "num_beams": 1}
        if self._is_whisper:
            long = seconds > self._extractor.chunk_length
            settings |= {name: value for name, value in self._language.items() if value}
            settings |= {"return_timestamps": long, "return_segments": True}
        elif config.model_type == "moonshine":
            max_tokens = min(max_tokens, max(1, int(seconds * _TOKEN_RATE)))
        if positions := getattr(config, "max_target_positions", None):
            max_tokens = min(max_tokens, positions - _BEGINNING)
        return settings | {"max_new_tokens": max_tokens}

    def _decode(self, row: Tensor, windows: list[Tensor]) -> GeneratedText:
        """Return the text of the tokens in `row`.

        The text counts as incomplete if the tokens of one of the `windows` do not end with an end
        token.
        """
        special = set(self._tokenizer.all_special_ids)
        ids = row.tolist()
        stops = end_tokens(self._model, self._tokenizer)
        cut = any(int(window[-1]) not in stops for window in windows)
        return GeneratedText(
            self._tokenizer.decode(ids, skip_special_tokens=True).strip(),
            "length" if cut else "stop",
            sum(token not in special for token in ids),
        )


def seconds_of(sound: Audio) -> float:
    """Return the duration of audio in seconds, rounded to float32."""
    import numpy as np

    return float(np.float32(len(sound.samples) / sound.rate))

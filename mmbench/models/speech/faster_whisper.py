"""Speech to text by faster-whisper: Whisper in the format of CTranslate2."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mmbench.errors import MissingExtra, ModelError
from mmbench.models.speech.whisper import seconds_of
from mmbench.models.support.conversations import only_sound
from mmbench.models.support.library_messages import loading
from mmbench.models.support.pretrained import checkpoint_folder
from mmbench.types import Audio, GeneratedText, GenerationConfig, Message, Modality

if TYPE_CHECKING:
    from mmbench.types import DecodedPart

_NAME = "faster-whisper"
_FILES = ("model.bin", "config.json", "tokenizer.json")
_LONGEST = 224  # tokens of a window: CTranslate2 writes up to half of Whisper's 448 positions
_WINDOW = 30.0  # seconds

_NO_FALLBACK: dict[str, object] = {
    "temperature": 0.0,
    "compression_ratio_threshold": None,
    "log_prob_threshold": None,
    "no_speech_threshold": None,
}
_SEED = 0


class FasterWhisper:
    """Whisper in the format of CTranslate2, run by faster-whisper as `whisper` runs Whisper.

    `folder` holds model.bin, config.json, the vocabulary and tokenizer.json. It takes no
    instruction. Decoding is greedy; `beam_size` searches with beams. `language` ("en") and `task`
    are for multilingual models, which detect the language by default. Sounds up to 30 seconds are
    transcribed without timestamps; longer ones in windows, each from the last timestamp on, without
    the text of the previous window; the token limit applies to a window. `vad_filter` removes parts
    without speech first. `fallback` turns on what faster-whisper does by default: a window whose
    text is improbable or repeats itself is sampled again at higher temperatures, and a window
    without speech is skipped; a sampled text depends on the sounds before it. `compute_type`
    ("int8") replaces the type that follows from `dtype`. Raises ModelError if the folder is not
    such a model or the device does not compute in this type, MissingExtra without faster-whisper.
    """

    modalities: frozenset[Modality] = frozenset({"audio"})
    version = 1
    default_checkpoint: str | None = "Systran/faster-whisper-base.en"
    checkpoints: ClassVar[tuple[str, ...]] = ("model.bin",)
    batch = 1  # sounds are transcribed one at a time

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        language: str | None = None,
        task: Literal["transcribe", "translate"] | None = None,
        beam_size: int = 1,
        vad_filter: bool = False,
        fallback: bool = False,
        compute_type: str | None = None,
    ) -> None:
        if find_spec("faster_whisper") is None:
            raise MissingExtra(f"model {_NAME}", "faster-whisper", "mmbench[faster-whisper]")
        folder = checkpoint_folder(folder, _NAME, self.default_checkpoint, ", ".join(_FILES))
        _refuse_incomplete(folder)
        self._model = _load(folder, device, compute_type or dtype)
        _refuse_other_mels(folder, self._model)
        _refuse_language(folder, self._model, language, task)
        self._windows = _record_windows(self._model)
        self.rate = int(self._model.feature_extractor.sampling_rate)
        self._options = {
            "language": language,
            "task": task or "transcribe",
            "beam_size": beam_size,
            "vad_filter": vad_filter,
            "condition_on_previous_text": False,
            **({} if fallback else _NO_FALLBACK),
        }

    @classmethod
    def notes(cls, folder: Path | None, *, fallback: bool = False, **_: object) -> list[str]:  # noqa: ARG003
        """Return a note on sampled texts."""
        note = "fallback=true: a text that was sampled again depends on the sounds before it"
        return [note] if fallback else []

    def prepare(self, item: Sequence[Message[DecodedPart]], modality: str) -> Audio:  # noqa: ARG002
        """Return the sound of a conversation."""
        return only_sound(item)

    def write(
        self, conversations: Sequence[Audio], options: GenerationConfig
    ) -> list[GeneratedText]:
        """Return the transcripts of n sounds."""
        limit = min(options.max_tokens, _LONGEST)
        return [self._transcribe(sound, limit) for sound in conversations]

    def _transcribe(self, sound: Audio, limit: int) -> GeneratedText:
        is_short = seconds_of(sound) <= _WINDOW
        self._windows.clear()
        segments, _ = self._model.transcribe(
            sound.samples,
            without_timestamps=is_short,
            max_new_tokens=self._max_new_tokens(limit, is_short),
            **self._options,
        )
        text = "".join(segment.text for segment in segments)
        end = self._model.hf_tokenizer.token_to_id("<|endoftext|>")
        return GeneratedText(
            text.strip(),
            "length" if any(len(tokens) >= limit for tokens in self._windows) else "stop",
            sum(token < end for tokens in self._windows for token in tokens),
        )

    def _max_new_tokens(self, limit: int, without_timestamps: bool) -> int:
        """Return the argument by which a window gets up to `limit` tokens.

        CTranslate2 stops at half of the length of prompt and new tokens together, or at that length
        without all tokens of the prompt but one (src/models/whisper.cc). The prompt consists of
        start, language and task (multilingual models) and <|notimestamps|>.
        """
        prompt = (3 if self._model.model.is_multilingual else 1) + without_timestamps
        return max(2 * limit - prompt, limit - 1)


def _load(folder: Path, device: str, compute_type: str) -> Any:
    """Return the WhisperModel of a folder, with as many threads as torch."""
    import ctranslate2
    import torch
    from faster_whisper import WhisperModel

    kind, _, index = device.partition(":")
    with loading(folder, "model"):  # a GPU, or one of its libraries, is missing
        known = ctranslate2.get_supported_compute_types(kind, int(index or 0))
    if compute_type not in known:
        raise ModelError(
            f"model {_NAME}: {device} does not compute in {compute_type}: give --dtype float32, or"
            f" --model-arg compute_type= one of {', '.join(sorted(known))}"
        )
    ctranslate2.set_random_seed(_SEED)  # for the sampling of `fallback`
    with loading(folder, "model"):
        return WhisperModel(
            str(folder),
            device=kind,
            device_index=int(index or 0),
            compute_type=compute_type,
            cpu_threads=torch.get_num_threads(),
            local_files_only=True,
        )


def _record_windows(model: Any) -> list[list[int]]:
    """Return a list to which the model appends the tokens of each window that it decodes.

    Segments do not have all of them: the last one of a window that was cut is left out.
    """
    windows: list[list[int]] = []
    decode = model.generate_with_fallback

    def recorded(*args: object) -> Any:
        decoded = decode(*args)
        windows.append(list(decoded[0].sequences_ids[0]))
        return decoded

    model.generate_with_fallback = recorded
    return windows


def _refuse_incomplete(folder: Path) -> None:
    """Raise ModelError for a missing file; faster-whisper would download a tokenizer."""
    if missing := [name for name in _FILES if not (folder / name).is_file()]:
        raise ModelError(
            f"checkpoint {folder} lacks {', '.join(missing)}: convert its base model again by"
            " `ct2-transformers-converter … --copy_files tokenizer.json preprocessor_config.json`"
        )


def _refuse_other_mels(folder: Path, model: Any) -> None:
    """Raise ModelError for spectrograms of another size than the model's: 80, or 128 (large-v3)."""
    actual, expected = len(model.feature_extractor.mel_filters), model.model.n_mels
    if actual != expected:
        raise ModelError(
            f"checkpoint {folder} takes {expected} mel bands, and gets {actual} by its"
            " preprocessor_config.json (80 without it): copy the one of its base model"
        )


def _refuse_language(folder: Path, model: Any, language: str | None, task: str | None) -> None:
    if not model.model.is_multilingual and (language or task):
        raise ModelError(f"checkpoint {folder} is monolingual: leave language and task out")
    if language and language not in model.supported_languages:
        raise ModelError(f"checkpoint {folder} knows no language {language!r}: give a code, as de")

"""Speech recognisers behind endpoints of OpenAI's transcriptions API: vLLM, speaches ..."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.errors import SampleError
from mmbench.models.api.answers import parse_transcript
from mmbench.models.api.client import Form
from mmbench.models.api.endpoint import NO_CONNECTION, ConnectionOptions, Endpoint
from mmbench.models.api.parts import wav_bytes
from mmbench.models.support.conversations import only_sound
from mmbench.types import GeneratedText, GenerationConfig, Message, Modality

if TYPE_CHECKING:
    from mmbench.types import DecodedPart


class Transcriptions(Endpoint):
    """A recogniser behind an endpoint: `api-transcribe@MODEL` posts sounds to audio/transcriptions.

    A sound is sent as WAV of 16 bits and 16,000 samples a second. `language` is that of the speech,
    such as `en`; without it the server detects it. `prompt` is a text before the speech, in its
    style. The temperature of a task is sent, its `max_tokens` is not: the API has no limit. Other
    options are those of `api`.
    """

    modalities: frozenset[Modality] = frozenset({"audio"})
    version = 1
    splits_reasoning = True  # a recogniser has none

    def __init__(
        self,
        folder: Path | None,  # noqa: ARG002 - there are no weights here
        *,
        device: str,  # noqa: ARG002
        dtype: str,  # noqa: ARG002
        connection: ConnectionOptions = NO_CONNECTION,
        language: str | None = None,
        prompt: str | None = None,
    ) -> None:
        super().__init__("api-transcribe", connection)
        hints = {"language": language, "prompt": prompt}
        self._fields = {name: value for name, value in hints.items() if value}

    def prepare(
        self,
        item: Sequence[Message[DecodedPart]],
        modality: str,  # noqa: ARG002
    ) -> bytes:
        """Return the only sound of a conversation as WAV. Raises SampleError for another number."""
        return wav_bytes(only_sound(item))

    def _answer(
        self, prepared: bytes, options: GenerationConfig, stop: threading.Event
    ) -> GeneratedText | SampleError:
        fields = {
            "model": self._name,
            "response_format": "json",
            "temperature": f"{options.temperature:g}",
            **self._fields,
        }
        form = Form(fields, ("audio.wav", prepared, "audio/wav"))
        try:
            answer = self._client.post(form, stop, "audio/transcriptions")
            self._served.add(answer)
            return parse_transcript(answer, self._client.mask, options)
        except SampleError as error:
            return error

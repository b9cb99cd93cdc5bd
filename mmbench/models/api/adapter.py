"""Models served through OpenAI's chat completions API: vLLM, SGLang, transformers serve ..."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import field
from msgspec.structs import asdict, replace

from mmbench.errors import ModelError, SampleError
from mmbench.models.api.address import is_this_machine, parse_base
from mmbench.models.api.answers import parse_answer, prompt_tokens
from mmbench.models.api.client import Client
from mmbench.models.api.parts import encode_messages, media_types, remove_media
from mmbench.models.api.served import ServedModels
from mmbench.models.api.threads import stream_answers
from mmbench.models.support.reasoning import reasons
from mmbench.models.support.writing_options import WritingOptions
from mmbench.text import listed, plain
from mmbench.types import EncodedImage, Frames, GeneratedText, GenerationConfig, Message, Modality

if TYPE_CHECKING:
    from mmbench.models.api.client import Body
    from mmbench.models.api.parts import JsonMessage
    from mmbench.types import DecodedPart

_PROBES = 3  # refused conversations after which the test for dropped media gives up
_DAY = 86_400
# Fields of a request other than the token limit.
_FIELDS = {"model", "messages", "temperature", "top_p", "seed", "stop"}
_RESERVED = (
    _FIELDS
    | {"max_tokens", "max_completion_tokens", "chat_template_kwargs"}
    | {*("top_k", "min_p", "repetition_penalty", "n", "stream")}
)


class ApiOptions(WritingOptions, frozen=True, kw_only=True):
    """The options of a model behind an endpoint.

    `extra_body` has further fields of each request, such as `{mm_processor_kwargs: {…}}` of vLLM.
    Raises ModelError for a field that mmbench sets.
    """

    extra_body: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ModelError for an option out of its range, and for a reserved field."""
        super().__post_init__()
        reserved = sorted(_RESERVED & self.extra_body.keys())
        if reserved:
            raise ModelError(
                f"option extra_body has the field {reserved[0]}, which mmbench sets; use the option"
                " of that name, or `generation` in the task"
            )

    def body(self) -> dict[str, object]:
        """Return the fields of a request that these options add."""
        template = self.chat_template_kwargs
        variables = {"chat_template_kwargs": template} if template else {}
        return {**self.more_settings(), **variables, **self.extra_body}


_DEFAULT = ApiOptions()


class Api:
    """A model at an endpoint: `api@MODEL` sends conversations to MODEL at the URL `base`.

    At most `concurrency` requests are open at a time, at most `rpm` are sent per minute, and each
    may take `timeout` seconds. `served_as` describes the served model, since the URL is not part
    of the model's identity. The API key is read from the environment variable `key_env` and never
    recorded. `limit` is the name of the request field for the token limit. An image is sent as the
    bytes of its file if decoding them gives the evaluated pixels, else as PNG; a video is sent as
    `frames` images. An incomplete body, invalid JSON, a response without text and a content filter
    make a failed sample; an empty text is a valid output. With `check_media`, the first
    conversation that contains an image is sent with and without the image (likewise for audio). If
    the server reports the same number of prompt tokens, it drops images, and every conversation
    with an image fails. Raises ModelError if no request can succeed.

    `options` are the system prompt, the sampling and the reasoning. Reasoning is what the server
    returns separately, or the text between `reasoning_start` and `reasoning_end` (by default the
    known markers). `thinking_budget` is added to the token limit of the task, and the answer is
    truncated to as many words as the task allows tokens. With a budget or markers, stop strings are
    not sent but applied to the answer, since a server would stop within the reasoning.
    """

    modalities: frozenset[Modality] = frozenset({"text", "image", "audio", "video"})
    version = 3
    remote = True
    splits_reasoning = True
    reasons = staticmethod(reasons)
    encoded_images = True
    batch = 16  # conversations decoded at a time
    # These options change where and how outputs are requested, not the outputs.
    unhashed: ClassVar[frozenset[str]] = frozenset(
        {"base", "concurrency", "timeout", "retries", "rpm", "key_env", "check_media"}
        | {"insecure_http"}
    )

    def __init__(
        self,
        folder: Path | None,  # noqa: ARG002 - an endpoint needs no weights
        *,
        device: str,  # noqa: ARG002
        dtype: str,  # noqa: ARG002
        model: str = "",
        base: str = "",
        served_as: str = "",  # noqa: ARG002 - used in the identity only
        frames: int = 8,
        concurrency: int = 8,
        timeout: float = 120.0,
        retries: int = 5,
        rpm: float | None = None,
        key_env: str = "OPENAI_API_KEY",
        check_media: bool = True,
        options: ApiOptions = _DEFAULT,
        limit: str = "max_tokens",
        insecure_http: bool = False,
    ) -> None:
        if not model or not base:
            raise ModelError(
                "model api needs a model name and an endpoint; pass -m api@MODEL --api-base URL"
            )
        for name, fits, needed in (
            ("timeout", 0 < timeout <= _DAY, f"above 0 and at most {_DAY}"),
            ("retries", 0 <= retries <= 100, "0 to 100"),
            ("rpm", rpm is None or rpm >= 0.01, "at least 0.01"),
            ("concurrency", 1 <= concurrency <= 1000, "1 to 1000"),
            ("frames", frames >= 1, "at least 1"),
            ("limit", limit not in _FIELDS, "max_tokens or max_completion_tokens"),
        ):
            if not fits:
                raise ModelError(f"model api: option {name} must be {needed}")
        self._options, self._reasoning = options, options.reasoning
        self._reasons = reasons(asdict(options))
        self._client = Client(
            base,
            os.environ.get(key_env),
            timeout=timeout,
            retries=retries,
            rpm=rpm,
            connections=concurrency,
            insecure_http=insecure_http,
        )
        self._name, self._limit, self._concurrency = model, limit, concurrency
        self._served = ServedModels(self._client.printable)
        self._check = check_media
        self._dropped_media: dict[str, bool] = {}
        self.frames = Frames(frames)

    @staticmethod
    def destination(base: str = "", **_: object) -> str | None:
        """Return the host that receives the inputs, or None if it is this machine."""
        host = parse_base(base).hostname if base else None
        return None if host is None or is_this_machine(host) else host

    def probe(self) -> str:
        """Request the model list and return a warning if the model is not in it, else "".

        Raises ModelError if the endpoint cannot be reached or does not accept the API key.
        """
        names = self._client.models()
        if not names or self._name in names:
            return ""
        return f"the endpoint lists {listed(names)}, but not {plain(self._name)}"

    def server(self) -> dict[str, str]:
        """Return the model, its fingerprint and the version that the server reported."""
        version = self._client.version()
        return self._served.facts() | ({"version": version} if version else {})

    def server_notes(self) -> list[str]:
        """Return a note if the server answered with a model of another name."""
        return self._served.notes(self._name)

    def prepare(
        self,
        item: Sequence[Message[DecodedPart | EncodedImage]],
        modality: str,  # noqa: ARG002
    ) -> list[JsonMessage]:
        """Return a conversation as JSON messages with encoded media."""
        return encode_messages(self._options.with_system(item))

    def write(
        self, conversations: Iterable[list[JsonMessage]], options: GenerationConfig
    ) -> list[GeneratedText | SampleError]:
        """Return the generated text or the error of each prepared conversation, in input order."""
        return [answer for _, answer in sorted(self.write_each(conversations, options))]

    def write_each(
        self, conversations: Iterable[list[JsonMessage]], options: GenerationConfig
    ) -> Iterator[tuple[int, GeneratedText | SampleError]]:
        """Yield (index, generated text or error) for each conversation as responses arrive."""
        stop = threading.Event()
        request = partial(self._answer, options=self._options.applied(options), stop=stop)
        return stream_answers(
            request, self._probe_first(conversations, stop), self._concurrency, stop
        )

    def _answer(
        self, turns: list[JsonMessage], options: GenerationConfig, stop: threading.Event
    ) -> GeneratedText | SampleError:
        dropped_types = [medium for medium in media_types(turns) if self._dropped_media.get(medium)]
        if dropped_types:
            return SampleError(f"the server silently drops every {dropped_types[0]}")
        try:
            sent = replace(options, stop=()) if self._reasons else options
            answer = self._post(turns, self._reasoning.extended(sent), stop)
            self._served.add(answer)
            return parse_answer(
                answer, self._client.mask, self._client.printable, self._reasoning, options
            )
        except SampleError as error:
            return error

    def _post(
        self, turns: list[JsonMessage], options: GenerationConfig, stop: threading.Event
    ) -> dict[str, object]:
        body: Body = {
            "model": self._name,
            "messages": turns,
            "temperature": options.temperature,
            self._limit: options.max_tokens,
        }
        if options.temperature > 0:
            body |= {"top_p": options.top_p, "seed": options.seed}
        if options.stop:
            body["stop"] = list(options.stop)
        body |= self._options.body()
        return self._client.post(body, stop)

    def _probe_first(
        self, conversations: Iterable[list[JsonMessage]], stop: threading.Event
    ) -> Iterator[tuple[int, list[JsonMessage]]]:
        """Yield (index, conversation) after testing whether the server drops its media.

        The first conversation with each type of media is the test. If the endpoint refuses this
        conversation, the next one is tested, until `_PROBES` are refused.
        """
        waiting, refused = [], 0
        for number, turns in enumerate(conversations):
            unknown = media_types(turns) - self._dropped_media.keys() if self._check else set()
            if refused == _PROBES or not unknown:
                yield number, turns
                continue
            waiting.append((number, turns))
            refused += self._probe_media(turns, unknown, stop)
            if unknown <= self._dropped_media.keys() or refused == _PROBES:
                yield from waiting
                waiting.clear()
        yield from waiting

    def _probe_media(
        self, turns: list[JsonMessage], media: set[str], stop: threading.Event
    ) -> bool:
        """Test which of the types `media` the server drops. Return whether it refused a request."""
        dropped = {medium: self._drops_medium(turns, medium, stop) for medium in media}
        self._dropped_media |= {
            medium: drops for medium, drops in dropped.items() if drops is not None
        }
        return None in dropped.values()

    def _drops_medium(
        self, turns: list[JsonMessage], medium: str, stop: threading.Event
    ) -> bool | None:
        """Return whether the server drops a media type, or None if it refuses the conversation."""
        one_token = GenerationConfig(max_tokens=1)
        try:
            counts = [
                prompt_tokens(self._post(variant, one_token, stop))
                for variant in (turns, remove_media(turns, medium))
            ]
        except SampleError:
            return None  # the later request for this conversation will report the error
        return None not in counts and counts[0] == counts[1]

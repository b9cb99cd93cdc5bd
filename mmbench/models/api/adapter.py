"""Models behind endpoints of OpenAI's chat completions API: vLLM, SGLang, transformers serve ..."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import field
from msgspec.structs import asdict, replace

from mmbench.errors import ModelError, SampleError
from mmbench.models.api.answers import parse_answer, prompt_tokens
from mmbench.models.api.endpoint import NO_CONNECTION, ConnectionOptions, Endpoint
from mmbench.models.api.parts import encode_messages, media_types, remove_media
from mmbench.models.support.frame_options import EIGHT_FRAMES, FrameOptions
from mmbench.models.support.reasoning import reasons
from mmbench.models.support.writing_options import WritingOptions
from mmbench.types import GeneratedText, GenerationConfig, Message, Modality

if TYPE_CHECKING:
    from mmbench.models.api.client import Body
    from mmbench.models.api.parts import JsonMessage, SentPart

_PROBES = 3  # refused conversations after which the test for dropped media gives up
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


NO_OPTIONS = ApiOptions()


class Api(Endpoint):
    """A model at an endpoint: `api@MODEL` sends conversations to MODEL at the URL `base`.

    An image is sent as the bytes of its file if decoding them gives the evaluated pixels, else as
    PNG. A video is sent as images of the frames that `frame_options` select (8 by default), or with
    `video` url as the bytes of its file in a `video_url`. `limit` is the name of the request field
    for the token limit. An incomplete body, invalid JSON, a response without text and a content
    filter make a failed sample; an empty text is a valid output. With `check_media`, the first
    conversation that contains an image is sent with and without the image (likewise for video and
    audio). If the server reports the same number of prompt tokens, it drops images, and every
    conversation with an image fails. Raises ModelError if no request can succeed.

    `options` are the system prompt, the sampling and the reasoning. Reasoning is what the server
    returns separately, or the text between `reasoning_start` and `reasoning_end` (by default the
    known markers). `thinking_budget` is added to the token limit of the task, and the answer is
    truncated to as many words as the task allows tokens. With a budget or markers, stop strings are
    not sent but applied to the answer, since a server would stop within the reasoning.
    """

    modalities: frozenset[Modality] = frozenset({"text", "image", "audio", "video"})
    version = 3
    splits_reasoning = True
    reasons = staticmethod(reasons)
    encoded_images = True
    unhashed: ClassVar[frozenset[str]] = Endpoint.unhashed | {"check_media"}

    def __init__(
        self,
        folder: Path | None,  # noqa: ARG002 - there are no weights here
        *,
        device: str,  # noqa: ARG002
        dtype: str,  # noqa: ARG002
        connection: ConnectionOptions = NO_CONNECTION,
        frame_options: FrameOptions = EIGHT_FRAMES,
        video: str = "frames",
        check_media: bool = True,
        options: ApiOptions = NO_OPTIONS,
        limit: str = "max_tokens",
    ) -> None:
        super().__init__("api", connection)
        for name, fits, needed in (
            ("limit", limit not in _FIELDS, "max_tokens or max_completion_tokens"),
            ("video", video in ("frames", "url"), "frames or url"),
        ):
            if not fits:
                raise ModelError(f"model api: option {name} must be {needed}")
        if video == "url" and frame_options.fps is not None:
            raise ModelError(
                "model api: with video=url the server chooses the frames; remove the options fps,"
                " min_frames and max_frames, or use video=frames"
            )
        self._options, self._reasoning = options, options.reasoning
        self._reasons = reasons(asdict(options))
        self._limit = limit
        self._check = check_media
        self._dropped_media: dict[str, bool] = {}
        self.frames, self.encoded_videos = frame_options.selection, video == "url"

    @staticmethod
    def sends_whole_videos(options: Mapping[str, object]) -> bool:
        """Return whether the server chooses the frames of videos."""
        return options.get("video") == "url"

    def prepare(
        self,
        item: Sequence[Message[SentPart]],
        modality: str,  # noqa: ARG002
    ) -> list[JsonMessage]:
        """Return a conversation as JSON messages with encoded media."""
        return encode_messages(self._options.with_system(item))

    def write_each(
        self, conversations: Iterable[list[JsonMessage]], options: GenerationConfig
    ) -> Iterator[tuple[int, GeneratedText | SampleError]]:
        """Yield (index, generated text or error) for each conversation as responses arrive."""
        return super().write_each(conversations, self._options.applied(options))

    def _answer(
        self, prepared: list[JsonMessage], options: GenerationConfig, stop: threading.Event
    ) -> GeneratedText | SampleError:
        dropped_types = [
            medium for medium in media_types(prepared) if self._dropped_media.get(medium)
        ]
        if dropped_types:
            return SampleError(f"the server silently drops every {dropped_types[0]}")
        try:
            sent = replace(options, stop=()) if self._reasons else options
            answer = self._post(prepared, self._reasoning.extended(sent), stop)
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

    def _numbered(
        self, conversations: Iterable[list[JsonMessage]], stop: threading.Event
    ) -> Iterator[tuple[int, list[JsonMessage]]]:
        """Yield each conversation with its index after testing whether its media are dropped.

        If the endpoint refuses a test conversation, the next one is tried, `_PROBES` in all.
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
        """Test which types of media the server drops. Return whether it refused a request."""
        dropped = {medium: self._drops_medium(turns, medium, stop) for medium in media}
        self._dropped_media |= {
            medium: drops for medium, drops in dropped.items() if drops is not None
        }
        return None in dropped.values()

    def _drops_medium(
        self, turns: list[JsonMessage], medium: str, stop: threading.Event
    ) -> bool | None:
        """Return whether the server drops a type of media; None if it refuses the conversation."""
        one_token = GenerationConfig(max_tokens=1)
        try:
            counts = [
                prompt_tokens(self._post(variant, one_token, stop))
                for variant in (turns, remove_media(turns, medium))
            ]
        except SampleError:
            return None  # the conversation's own answer will report the error
        return None not in counts and counts[0] == counts[1]

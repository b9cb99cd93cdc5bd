"""Any endpoint that speaks OpenAI's chat completions: vLLM, SGLang, transformers serve ..."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

from mmbench.errors import ModelError, SampleError
from mmbench.models.api_client import Client
from mmbench.models.api_parts import messages
from mmbench.text import plain
from mmbench.types import Frames, Generation, Message, Modality, Written

_FINISHES = {"stop": "stop", "eos": "stop", "length": "length", "max_tokens": "length"}
_TRIES = 3  # conversations of a batch that are asked about a drop, where the endpoint fails them


class Api:
    """`api@MODEL` asks MODEL at `base`, `concurrency` conversations at a time.

    The key is that of the environment variable `key_env`, and is never recorded. Videos are sent as
    `frames` images. A failure is a failed sample: half a body, no JSON, no text, a filter; an empty
    text is an answer. `check_media` asks the first conversation with a medium again without it:
    where the server counts as many tokens of the prompt, it drops that medium, and every
    conversation with one fails. Raises ModelError where no request can succeed.
    """

    modalities: frozenset[Modality] = frozenset({"text", "image", "audio", "video"})
    version = 1
    remote = True
    batch = 64
    # What moves how answers are fetched, and not what they are.
    unhashed: ClassVar[frozenset[str]] = frozenset(
        {"concurrency", "timeout", "retries", "rpm", "key_env", "check_media"}
    )

    def __init__(
        self,
        folder: Path | None,  # noqa: ARG002 - there are no weights here
        *,
        device: str,  # noqa: ARG002
        dtype: str,  # noqa: ARG002
        model: str = "",
        base: str = "",
        frames: int = 8,
        concurrency: int = 8,
        timeout: float = 120.0,
        retries: int = 5,
        rpm: float | None = None,
        key_env: str = "OPENAI_API_KEY",
        check_media: bool = True,
        limit: str = "max_tokens",
    ) -> None:
        if not model or not base:
            raise ModelError("api needs a model and an endpoint: -m api@MODEL --api-base URL")
        key = os.environ.get(key_env)
        self._client = Client(base, key, timeout=timeout, retries=retries, rpm=rpm)
        self._name, self._limit, self._concurrency = model, limit, concurrency
        self._check = check_media
        self._drops: dict[str, bool] = {}
        self.frames = Frames(frames)

    def write(
        self, conversations: Sequence[Sequence[Message]], options: Generation
    ) -> list[Written | SampleError]:
        """The answers to n conversations, in their order."""
        if self._check:
            self._look_for_drops(conversations)
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="api") as pool:
            asked = [pool.submit(self._answer, turns, options) for turns in conversations]
            try:
                return [one.result() for one in asked]
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    self._client.stop()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _answer(self, turns: Sequence[Message], options: Generation) -> Written | SampleError:
        dropped = [sort for sort in _sorts(turns) if self._drops.get(sort)]
        if dropped:
            return SampleError(f"the server drops every {dropped[0]} without a word")
        try:
            return _written(self._post(turns, options))
        except SampleError as error:
            return error

    def _post(self, turns: Sequence[Message], options: Generation) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._name,
            "messages": messages(turns),
            "temperature": options.temperature,
            self._limit: options.max_tokens,
        }
        if options.temperature > 0:
            body |= {"top_p": options.top_p, "seed": options.seed}
        return self._client.post(body | ({"stop": list(options.stop)} if options.stop else {}))

    def _look_for_drops(self, conversations: Sequence[Sequence[Message]]) -> None:
        """Once for each sort of medium: does it move the number of tokens of the prompt?

        Where the endpoint refuses a conversation, the next one is asked, and a few of each batch.
        """
        refused = 0
        for turns in conversations:
            for sort in set(_sorts(turns)) - self._drops.keys():
                if refused == _TRIES:
                    return
                drops = self._drops_it(turns, sort)
                if drops is None:
                    refused += 1
                else:
                    self._drops[sort] = drops

    def _drops_it(self, turns: Sequence[Message], sort: str) -> bool | None:
        """Whether the server drops it; None where it refuses the conversation itself."""
        without = [
            Message(turn.role, tuple(part for part in turn.parts if _sort(part) != sort) or (".",))
            for turn in turns
        ]
        one = Generation(max_tokens=1)
        try:
            counts = [_prompt_tokens(self._post(asked, one)) for asked in (turns, without)]
        except SampleError:
            return None  # its answer will tell what is wrong
        return None not in counts and counts[0] == counts[1]


def _sort(part: Any) -> str:
    return {"Sound": "sound", "Clip": "video", "str": "text"}.get(type(part).__name__, "image")


def _sorts(turns: Sequence[Message]) -> list[str]:
    """Which sorts of media a conversation holds."""
    return sorted({_sort(part) for turn in turns for part in turn.parts} - {"text"})


def _prompt_tokens(answer: dict[str, Any]) -> int | None:
    usage = answer.get("usage")
    return usage.get("prompt_tokens") if isinstance(usage, dict) else None


def _written(answer: dict[str, Any]) -> Written:
    """The text in an answer. Raises SampleError where there is none."""
    try:
        choice = answer["choices"][0]
        text, finish = _text(choice["message"]["content"]), choice.get("finish_reason")
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise SampleError(
            "the endpoint's answer has no choices[0].message.content that can be read"
        ) from error
    if not isinstance(text, str) or finish not in _FINISHES:
        raise SampleError(f"the endpoint gave no text: it ended with {plain(str(finish))[:40]!r}")
    usage = answer.get("usage")
    tokens = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return Written(
        text.strip(),
        "length" if _FINISHES[finish] == "length" else "stop",
        tokens if isinstance(tokens, int) else 0,
    )


def _text(content: Any) -> Any:
    """The text of a message. Some servers give a list of parts, of which those of text count."""
    if not isinstance(content, list):
        return content
    texts = [part.get("text") for part in content if part.get("type") == "text"]
    return "".join(texts) if texts or not content else None

"""The base class of models behind an endpoint: options, threads and facts about the server."""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, ClassVar

from msgspec import Struct

from mmbench.errors import ModelError, SampleError
from mmbench.models.api.address import is_this_machine, parse_base
from mmbench.models.api.client import Client
from mmbench.models.api.served import ServedModels
from mmbench.models.api.threads import stream_answers
from mmbench.text import listed, plain
from mmbench.types import GeneratedText, GenerationConfig

_DAY = 86_400


class ConnectionOptions(Struct, frozen=True, kw_only=True):
    """The options of every endpoint.

    `model` is the name of the served model, `base` the URL of the API, and `served_as` a
    description of the served model, since the URL is not part of the model's identity. At most
    `concurrency` requests are open at a time, at most `rpm` are sent per minute, each may take
    `timeout` seconds, and a failed request is repeated up to `retries` times. The API key is read
    from the environment variable `key_env` and never recorded. Raises ModelError for values out of
    range.
    """

    model: str = ""
    base: str = ""
    served_as: str = ""
    concurrency: int = 8
    timeout: float = 120.0
    retries: int = 5
    rpm: float | None = None
    key_env: str = "OPENAI_API_KEY"
    insecure_http: bool = False

    def __post_init__(self) -> None:
        """Raise ModelError for an option out of its range."""
        for name, fits, needed in (
            ("timeout", 0 < self.timeout <= _DAY, f"above 0 and at most {_DAY}"),
            ("retries", 0 <= self.retries <= 100, "0 to 100"),
            ("rpm", self.rpm is None or self.rpm >= 0.01, "at least 0.01"),
            ("concurrency", 1 <= self.concurrency <= 1000, "1 to 1000"),
        ):
            if not fits:
                raise ModelError(f"option {name} must be {needed}")


NO_CONNECTION = ConnectionOptions()


class Endpoint(ABC):
    """The base class of models behind an endpoint. `name` is the registered name."""

    remote = True
    batch = 16  # items decoded at a time
    # These options change where and how outputs are requested, not the outputs.
    unhashed: ClassVar[frozenset[str]] = frozenset(
        {"base", "concurrency", "timeout", "retries", "rpm", "key_env", "insecure_http"}
    )

    def __init__(self, name: str, connection: ConnectionOptions) -> None:
        if not connection.model or not connection.base:
            raise ModelError(
                f"model {name} needs a model name and an endpoint; pass -m {name}@MODEL"
                " --api-base URL"
            )
        self._client = Client(
            connection.base,
            os.environ.get(connection.key_env),
            timeout=connection.timeout,
            retries=connection.retries,
            rpm=connection.rpm,
            connections=connection.concurrency,
            insecure_http=connection.insecure_http,
        )
        self._name, self._concurrency = connection.model, connection.concurrency
        self._served = ServedModels(self._client.printable)

    @staticmethod
    def destination(base: str = "", **_: object) -> str | None:
        """Return the host that inputs are sent to, None for this machine."""
        host = parse_base(base).hostname if base else None
        return None if host is None or is_this_machine(host) else host

    def probe(self) -> str:
        """Request the list of models, and return a warning about it, "" if there is none.

        Raises ModelError if the endpoint cannot be reached or does not accept the key.
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

    def write(
        self, conversations: Iterable[Any], options: GenerationConfig
    ) -> list[GeneratedText | SampleError]:
        """Generate a text for each of n prepared conversations, in their order."""
        return [answer for _, answer in sorted(self.write_each(conversations, options))]

    def write_each(
        self, conversations: Iterable[Any], options: GenerationConfig
    ) -> Iterator[tuple[int, GeneratedText | SampleError]]:
        """Yield (index, generated text or error) for each conversation as responses arrive."""
        stop = threading.Event()
        request = partial(self._answer, options=options, stop=stop)
        return stream_answers(request, self._numbered(conversations, stop), self._concurrency, stop)

    def _numbered(
        self,
        conversations: Iterable[Any],
        stop: threading.Event,  # noqa: ARG002
    ) -> Iterator[tuple[int, Any]]:
        """Yield each conversation with its index before it is sent."""
        return iter(enumerate(conversations))

    @abstractmethod
    def _answer(
        self, prepared: Any, options: GenerationConfig, stop: threading.Event
    ) -> GeneratedText | SampleError:
        """Request the answer to a prepared conversation."""

"""One request to an endpoint: retried while it may help, and never answered with a guess."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from mmbench.errors import ModelError, SampleError
from mmbench.text import plain

_AGAIN = {408, 409, 425, 429, 500, 502, 503, 504, 529}  # another try may be answered
_FOR_ALL = {401: "the key is not accepted", 403: "access is denied", 404: "there is no such model"}
_LONGEST_WAIT = 60.0
_SHOWN = 200


class Client:
    """Posts JSON to `base`/chat/completions, from several threads.

    `key` goes into the header and nowhere else: where a server repeats it, it is struck out. A
    connection error, a timeout, half a body and the statuses of a busy or failing server are tried
    again `retries` times, with waits that double, or that the server asks for; `rpm` requests a
    minute are not exceeded.
    """

    def __init__(
        self, base: str, key: str | None, *, timeout: float, retries: int, rpm: float | None
    ) -> None:
        parts = urlsplit(base)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ModelError(
                f"--api-base {plain(base)!r}: give http://HOST:PORT/v1 of the endpoint"
            )
        if parts.username or parts.password:
            raise ModelError("--api-base holds a password: put the key into the environment")
        if key and not (key.isascii() and key.isprintable()):
            raise ModelError("the key in the environment holds more than a header can: set it anew")
        self._key = key
        self._url = f"{base.rstrip('/')}/chat/completions"
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._timeout, self._retries = timeout, retries
        self._pause = 60 / rpm if rpm else 0.0
        self._next = 0.0
        self._lock, self._local = threading.Lock(), threading.local()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Wait for nothing more and try nothing again: the run was interrupted."""
        self._stopped.set()

    def post(self, body: dict[str, Any]) -> dict[str, Any]:
        """The JSON object that the endpoint answers.

        Raises SampleError for a request that failed, ModelError for one that will fail every time.
        """
        import requests

        reason = ""
        for wait in self._waits():
            self._take_turn()
            try:
                answer = self._session().post(
                    self._url, json=body, timeout=self._timeout, allow_redirects=False
                )
            except requests.RequestException as error:
                reason = type(error).__name__
                wait(None)
                continue
            if answer.status_code == 200:
                return self._object(answer)
            reason = f"status {answer.status_code}: {self._message(answer)}"
            self._refuse(answer.status_code, reason)
            wait(answer.headers.get("Retry-After"))
        raise SampleError(f"the endpoint failed {self._retries + 1} times: {reason}")

    def _session(self) -> Any:
        import requests

        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.headers.update(self._headers)
            self._local.session.trust_env = False  # no key of ~/.netrc, no proxy that reads along
        return self._local.session

    def _refuse(self, status: int, reason: str) -> None:
        if status in _FOR_ALL:
            raise ModelError(
                f"{self._url}: {_FOR_ALL[status]} ({reason}); see --api-base and docs/models.md"
            )
        if status not in _AGAIN:
            raise SampleError(f"the endpoint refused the request: {reason}")

    def _message(self, answer: Any) -> str:
        """What a server says of an error, on one line, cut, without the key."""
        said = answer.text.replace(self._key, "***") if self._key else answer.text
        return plain(" ".join(said.split()))[:_SHOWN] or "nothing"

    def _object(self, answer: Any) -> dict[str, Any]:
        import requests

        try:
            found = answer.json()
        except requests.JSONDecodeError as error:
            raise SampleError("the endpoint answered something that is no JSON") from error
        if not isinstance(found, dict):
            raise SampleError("the endpoint answered JSON that is no object")
        return found

    def _waits(self) -> Iterator[Any]:
        """For each try what is to be called when it failed, with what the server asked for."""
        for attempt in range(self._retries + 1):
            last = attempt == self._retries

            def wait(asked: str | None, attempt: int = attempt, last: bool = last) -> None:
                if not last:
                    self._stopped.wait(_seconds(asked, attempt))

            if self._stopped.is_set():
                return
            yield wait

    def _take_turn(self) -> None:
        """Wait until the rate allows another request."""
        if not self._pause:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._pause
        self._stopped.wait(turn - now)


def _seconds(asked: str | None, attempt: int) -> float:
    """How long to wait: as the server says (seconds or a date), else doubling, with jitter."""
    if asked is not None:
        try:
            told = float(asked)
        except ValueError:
            told = _until(asked)
        if 0 <= told < float("inf"):
            return min(told, _LONGEST_WAIT)
    return min(_LONGEST_WAIT, 0.5 * 2.0**attempt) * random.uniform(0.5, 1)


def _until(date: str) -> float:
    try:
        when = parsedate_to_datetime(date).astimezone(UTC)
    except ValueError:
        return -1.0
    return float((when - datetime.now(UTC)).total_seconds())

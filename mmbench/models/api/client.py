"""A client of an endpoint that repeats requests after transient errors."""

from __future__ import annotations

import re
import threading
import time
from typing import Any

from mmbench.errors import MmbenchError, ModelError, SampleError
from mmbench.models.api.address import SHORTEST_SECRET, check_key, key_pattern, parse_base
from mmbench.models.api.connection import CERTIFICATES, make_session
from mmbench.models.api.replies import (
    MAX_WAIT,
    RESUME_HINT,
    Reply,
    TransientError,
    parse_reply,
    read_body,
    retry_after_seconds,
)
from mmbench.text import count, plain

Body = dict[str, Any]  # the JSON of a request; requests' own type for it admits no TypedDict

_CONNECT_SECONDS = 10.0
_MAX_CONNECTS = 3  # tries to connect again
_MAX_SILENT = 3  # requests in a row without any reply, after which the run ends
_MATCHES_NOTHING = re.compile(r"(?!)")  # no text matches it


class Client:
    """An HTTP client that posts JSON to `base`/chat/completions, usable from several threads.

    `key` is sent in the header only; where a server repeats it, it is masked. Failed connections,
    timeouts, incomplete bodies and the statuses of a busy or failing server are retried `retries`
    times (urllib3's `Retry`): first at once, then after waits that double, or as long as the server
    requests. Redirects are not followed. At most `rpm` requests a minute are sent.
    """

    def __init__(
        self,
        base: str,
        key: str | None,
        *,
        timeout: float,
        retries: int,
        rpm: float | None,
        connections: int = 1,
        insecure_http: bool = False,
    ) -> None:
        parts = parse_base(base)
        if key:
            check_key(parts, key, insecure_http=insecure_http)
        self._key, self._base = key, base.rstrip("/")
        self._secret = key_pattern(key) if key else _MATCHES_NOTHING
        self._timeout, self._retries = timeout, retries
        self._session = make_session(key, connections, timeout, encrypted=parts.scheme == "https")
        self._interval = 60 / rpm if rpm else 0.0
        self._next_request = 0.0
        self._lock = threading.Lock()
        self._last_reply = time.monotonic()  # when the last reply came
        self._unconnected = self._silent = 0  # tries to connect, and requests, in a row without one

    def post(self, body: Body, stop: threading.Event) -> dict[str, object]:
        """Send a request and return the JSON object of the reply.

        `stop` ends waits and prevents further tries. Raises SampleError for a failed request,
        ModelError for an error that every request would meet, or if the endpoint never replies.
        """
        from urllib3 import Retry
        from urllib3.exceptions import MaxRetryError

        url, began = f"{self._base}/chat/completions", time.monotonic()
        retry = Retry(
            self._retries,
            connect=min(self._retries, _MAX_CONNECTS),
            other=min(self._retries, _MAX_CONNECTS),  # such as a certificate
            allowed_methods={"POST"},
            backoff_factor=0.5,
            backoff_jitter=0.25,
        )
        while not stop.is_set():
            self._await_rate_limit(stop)
            try:
                return parse_reply(self._send("POST", url, body), url, self.printable)
            except TransientError as failed:
                try:
                    retry = retry.increment("POST", url, failed.response, failed.error)
                except MaxRetryError:
                    raise self._final_error(failed, began, len(retry.history) + 1) from failed
                wait = retry.get_backoff_time() if failed.wait is None else failed.wait
                stop.wait(min(wait, MAX_WAIT))
        raise SampleError("the run ended before the endpoint answered")

    def models(self) -> list[str]:
        """Return the names of the models that the endpoint lists, none if it has no list.

        Raises ModelError if it cannot be reached or does not accept the key.
        """
        url = f"{self._base}/models"
        try:
            reply = self._send("GET", url, None)
        except (TransientError, SampleError) as failed:
            raise ModelError(f"{url}: {failed}: {_START_HINT}") from failed
        if reply.status >= 404:
            return []
        try:
            listed = parse_reply(reply, url, self.printable).get("data")
        except (TransientError, SampleError):
            return []
        models = listed if isinstance(listed, list) else []
        names = [model.get("id") for model in models if isinstance(model, dict)]
        return [self.mask(name) for name in names if isinstance(name, str)]

    def mask(self, text: str) -> str:
        """Return a text with `***` for the key, unless the key is too short for a secret."""
        if not self._key or len(self._key) < SHORTEST_SECRET:
            return text
        return self._secret.sub("***", text)

    def printable(self, text: str) -> str:
        """Return a server's text on one line, truncated and without the key."""
        return plain(self._secret.sub("***", text)[:2000]) or "nothing"

    def _send(self, method: str, url: str, body: Body | None) -> Reply:
        """Send a request and read its reply. Raises TransientError if it does not arrive whole."""
        import requests
        from urllib3.exceptions import HTTPError

        limits = min(_CONNECT_SECONDS, self._timeout), self._timeout
        try:
            with self._session.request(
                method, url, json=body, timeout=limits, allow_redirects=False, stream=True
            ) as answer:
                self._note_reply()
                raw = read_body(answer.raw)
                wait = retry_after_seconds(answer.raw)
                location = answer.headers.get("Location", "")
                return Reply(answer.status_code, raw, answer.raw, wait, location)
        except requests.exceptions.InvalidURL as error:
            raise ModelError(f"--api-base {plain(self._base)!r} is not a URL: {error}") from error
        except (requests.RequestException, HTTPError) as error:
            cause = _cause(error)
            with self._lock:
                self._unconnected += _is_unconnected(cause)
            raise TransientError(_reason(cause, self._timeout), error=cause) from error

    def _note_reply(self) -> None:
        with self._lock:
            self._last_reply, self._unconnected, self._silent = time.monotonic(), 0, 0

    def _final_error(self, failed: TransientError, began: float, tries: int) -> MmbenchError:
        """Return the error of the sample, or of the run if the endpoint has stopped replying."""
        if failed.error is not None and self._last_reply < began:
            with self._lock:
                self._silent += 1
                gone = self._unconnected > _MAX_CONNECTS or self._silent >= _MAX_SILENT
            if gone:
                return ModelError(f"{self._base}: {failed}: {_START_HINT}; {RESUME_HINT}")
        return SampleError(f"the endpoint failed {count(tries, 'time')}: {failed}")

    def _await_rate_limit(self, stop: threading.Event) -> None:
        """Wait until the rate limit allows another request."""
        if not self._interval:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next_request)
            self._next_request = turn + self._interval
        stop.wait(turn - now)


_START_HINT = "start the server, or see --api-base"


def _cause(error: Exception) -> Exception:
    """Return urllib3's error inside an error of requests."""
    inner = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    reason = getattr(inner, "reason", None)
    return reason if isinstance(reason, Exception) else inner


def _is_unconnected(cause: Exception) -> bool:
    from urllib3.exceptions import ConnectTimeoutError, SSLError

    return isinstance(cause, ConnectTimeoutError | SSLError)


def _reason(cause: Exception, seconds: float) -> str:
    """Return the reason why no reply came, in words."""
    from urllib3.exceptions import (
        ConnectTimeoutError,
        NewConnectionError,
        ProtocolError,
        ReadTimeoutError,
        SSLError,
    )

    match cause:
        case NewConnectionError():
            return f"cannot connect: {plain(str(cause.__cause__ or cause))}"
        case ReadTimeoutError():
            return f"no answer within {seconds:g} s"
        case ConnectTimeoutError():
            return f"cannot connect within {min(_CONNECT_SECONDS, seconds):g} s"
        case ProtocolError():
            return "the connection broke off"
        case SSLError():
            return (
                f"no secure connection: {plain(str(cause))}; set {CERTIFICATES[0]} to use your own"
                " file of certificates"
            )
        case _:
            return plain(f"{type(cause).__name__}: {cause}")

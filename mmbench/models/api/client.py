"""An HTTP client for an endpoint that retries requests after transient errors."""

from __future__ import annotations

import re
import threading
import time
from typing import Any, NamedTuple

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

Body = dict[str, Any]  # the JSON of a request; the type that requests declares excludes TypedDict


class Form(NamedTuple):
    """A request as multipart/form-data: its fields, and the name, bytes and type of its file."""

    fields: dict[str, str]
    file: tuple[str, bytes, str]


_CONNECT_SECONDS = 10.0
_VERSION_SECONDS = 5.0  # time limit for the version of a server, which is not needed
_MAX_CONNECTS = 3  # retries of a failed connection
_MAX_SILENT = 3  # consecutive requests without a response, after which the run ends
_MATCHES_NOTHING = re.compile(r"(?!)")  # no text matches it


class Client:
    """An HTTP client that posts requests to paths below `base`, usable from several threads.

    `key` is sent in the header only and masked in text from the server. `timeout` is in seconds.
    Failed connections, timeouts, incomplete bodies and status codes of a busy or failing server are
    retried up to `retries` times (urllib3's `Retry`): first at once, then after waits that double,
    or after the wait that the server requests. Redirects are not followed. At most `rpm` requests
    per minute are sent, without limit if it is None.
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
        self._last_reply = time.monotonic()  # when the last response arrived
        self._unconnected = self._silent = 0  # failed connections and requests since then

    def post(
        self, body: Body | Form, stop: threading.Event, path: str = "chat/completions"
    ) -> dict[str, object]:
        """Send a request to a path and return the JSON object of the response.

        Setting `stop` ends waits and prevents further tries. Raises SampleError for a failed
        request, ModelError if every request would fail or the endpoint has stopped responding.
        """
        from urllib3 import Retry
        from urllib3.exceptions import MaxRetryError

        url, began = f"{self._base}/{path}", time.monotonic()
        retry = Retry(
            self._retries,
            connect=min(self._retries, _MAX_CONNECTS),
            other=min(self._retries, _MAX_CONNECTS),  # such as certificate errors
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
        raise SampleError("the run ended before the endpoint responded")

    def models(self) -> list[str]:
        """Return the model names that the endpoint lists, or [] if it has no list.

        Raises ModelError if the endpoint cannot be reached or does not accept the API key.
        """
        url = f"{self._base}/models"
        try:
            reply = self._send("GET", url, None)
        except (TransientError, SampleError) as failed:
            raise ModelError(f"{url}: {failed}; {_START_HINT}") from failed
        if reply.status >= 404:
            return []
        try:
            listed = parse_reply(reply, url, self.printable).get("data")
        except (TransientError, SampleError):
            return []
        models = listed if isinstance(listed, list) else []
        names = [model.get("id") for model in models if isinstance(model, dict)]
        return [self.mask(name) for name in names if isinstance(name, str)]

    def version(self) -> str:
        """Return the version that the server reports at /version (vLLM), "" if it reports none."""
        url = f"{self._base.removesuffix('/v1')}/version"
        try:
            reply = self._send("GET", url, None, _VERSION_SECONDS)
            answer = parse_reply(reply, url, self.printable)
        except (TransientError, SampleError, ModelError):
            return ""
        version = answer.get("version")
        return self.printable(version) if isinstance(version, str) else ""

    def mask(self, text: str) -> str:
        """Replace the key in a text by `***`, unless the key is shorter than `SHORTEST_SECRET`."""
        if not self._key or len(self._key) < SHORTEST_SECRET:
            return text
        return self._secret.sub("***", text)

    def printable(self, text: str) -> str:
        """Return text from a server on one line, truncated, with the key masked."""
        return plain(self._secret.sub("***", text)[:2000]) or "nothing"

    def _send(
        self, method: str, url: str, body: Body | Form | None, most: float = float("inf")
    ) -> Reply:
        """Send a request and read its response, with at most `most` seconds of silence.

        Raises TransientError if the response is incomplete.
        """
        import requests
        from urllib3.exceptions import HTTPError

        seconds = min(most, self._timeout)
        limits = min(_CONNECT_SECONDS, seconds), seconds
        try:
            with self._session.request(
                method, url, **_content(body), timeout=limits, allow_redirects=False, stream=True
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
        """Return the error after the last retry.

        This is a SampleError, or a ModelError if the endpoint has stopped responding.
        """
        if failed.error is not None and self._last_reply < began:
            with self._lock:
                self._silent += 1
                gone = self._unconnected > _MAX_CONNECTS or self._silent >= _MAX_SILENT
            if gone:
                return ModelError(f"{self._base}: {failed}; {_START_HINT}; {RESUME_HINT}")
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


_START_HINT = "start the server or correct --api-base"


def _content(body: Body | Form | None) -> dict[str, Any]:
    """Return the arguments of requests for the body of a request."""
    if isinstance(body, Form):
        return {"data": body.fields, "files": {"file": body.file}}
    return {"json": body}


def _cause(error: Exception) -> Exception:
    """Return the urllib3 error wrapped by an error of requests."""
    inner = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    reason = getattr(inner, "reason", None)
    return reason if isinstance(reason, Exception) else inner


def _is_unconnected(cause: Exception) -> bool:
    from urllib3.exceptions import ConnectTimeoutError, SSLError

    return isinstance(cause, ConnectTimeoutError | SSLError)


def _reason(cause: Exception, seconds: float) -> str:
    """Return why no response arrived, as text for a message; `seconds` is the timeout."""
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
            return f"no response within {seconds:g} s"
        case ConnectTimeoutError():
            return f"cannot connect within {min(_CONNECT_SECONDS, seconds):g} s"
        case ProtocolError():
            return "the connection was closed early"
        case SSLError():
            return (
                f"no secure connection: {plain(str(cause))}; set {CERTIFICATES[0]} to the path of"
                " your certificate file"
            )
        case _:
            return plain(f"{type(cause).__name__}: {cause}")

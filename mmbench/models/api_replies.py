"""What an endpoint replies: a JSON object, a failure that may pass, or one that will not."""

from __future__ import annotations

import json
import re
import time
from typing import Any, NamedTuple

from mmbench.errors import ModelError, SampleError

MAX_BODY = 16 << 20  # bytes of one reply; a text of 100,000 tokens has less than one of them
MAX_WAIT = 60.0  # seconds between two tries
LONGEST_PAUSE = 300.0  # seconds; a server that asks for more ends the run
_CHUNK = 1 << 16

_AGAIN = {408, 409, 425, 429, 500, 502, 503, 504, 529}  # another try may be answered
_FOR_ALL = {
    401: "the key is not accepted",
    402: "payment is required",
    403: "access is denied",
    404: "there is no such model",
}
LATER = "the answers so far are kept, and the same command asks for the rest"
_QUOTA = re.compile(r"quota|billing|insufficient (?:balance|credit|funds)", re.IGNORECASE)
_SOON = re.compile(r"try (?:again )?in (\d{1,4}(?:\.\d{1,9})?) ?(m?s)", re.IGNORECASE)


class Passing(Exception):
    """A try that failed where another may not.

    `error` is urllib3's, `response` urllib3's response where there was one, and `wait` the seconds
    that the server asks for.
    """

    def __init__(
        self,
        reason: str,
        *,
        error: Exception | None = None,
        response: Any = None,
        wait: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.error, self.response, self.wait = error, response, wait


class Reply(NamedTuple):
    """A reply of an endpoint, its body read and limited. `wait` is its Retry-After in seconds."""

    status: int
    body: bytes
    response: Any
    wait: float | None = None
    location: str = ""


def read_body(response: Any, seconds: float) -> bytes:
    """Read the body of urllib3's response.

    Raises SampleError beyond `MAX_BODY`, ReadTimeoutError when it takes more than `seconds`, and
    other errors of urllib3.
    """
    from urllib3.exceptions import ReadTimeoutError

    end, body = time.monotonic() + seconds, bytearray()
    while data := response.read1(_CHUNK, decode_content=True):
        body += data
        if len(body) > MAX_BODY:
            raise SampleError(f"the endpoint's reply is longer than {MAX_BODY >> 20} MiB")
        if time.monotonic() > end:
            raise ReadTimeoutError(None, None, "the body took too long")  # type: ignore[arg-type]
    return bytes(body)


def seconds_asked(response: Any) -> float | None:
    """Return the Retry-After of urllib3's response in seconds, None without one that can be read.

    It is a number of seconds, or a date.
    """
    from urllib3 import Retry
    from urllib3.exceptions import InvalidHeader

    try:
        seconds = Retry().get_retry_after(response)
        return None if seconds is None else float(seconds)
    except (InvalidHeader, ValueError, OverflowError):
        return None


def parse(body: bytes) -> Any:
    """Parse JSON. Raises SampleError for anything else, and for JSON that is too deep or long."""
    try:
        return json.loads(body)
    except RecursionError as error:
        raise SampleError("the endpoint answered JSON that is nested too deep") from error
    except ValueError as error:  # no JSON, no UTF-8, a number of more digits than Python reads
        raise SampleError("the endpoint answered something that is no JSON") from error


def answer_in(reply: Reply, url: str, mask: Any) -> dict[str, Any]:
    """Return the JSON object of a reply that is an answer. `mask` makes a server's text printable.

    Raises Passing, SampleError for a request that is refused, ModelError where every request will
    fail, or will for longer than the tries last.
    """
    if 300 <= reply.status < 400:
        raise ModelError(
            f"{url}: redirects to {mask(reply.location)!r}, which is not followed: give the"
            " address that answers as --api-base"
        )
    if reply.status >= 400:
        error = _error_of(reply.body)
        raise _failure(reply, reply.status, error, f"status {reply.status}", url, mask)
    found = parse(reply.body)
    if not isinstance(found, dict):
        raise SampleError("the endpoint answered JSON that is no object")
    if found.get("error") and not found.get("choices"):
        code = found["error"].get("code") if isinstance(found["error"], dict) else None
        status = code if isinstance(code, int) and 400 <= code < 600 else 500
        raise _failure(reply, status, found["error"], f"status {reply.status}, error", url, mask)
    return found


def _failure(
    reply: Reply, status: int, error: Any, shown: str, url: str, mask: Any
) -> Passing | SampleError | ModelError:
    reason = f"{shown}: {mask(_message(error) or reply.body.decode('utf-8', 'replace'))}"
    if status in _FOR_ALL:
        end = f"; {LATER}" if status == 402 else "; see --api-base and docs/models.md"
        return ModelError(f"{url}: {_FOR_ALL[status]} ({reason}){end}")
    if status not in _AGAIN:
        return SampleError(f"the endpoint refused the request: {reason}")
    wait = reply.wait if reply.wait is not None else _wait_in(_message(error))
    if (wait or 0) > LONGEST_PAUSE:
        return ModelError(f"{url}: asks to wait {wait:.0f} s ({reason}); {LATER}")
    if _is_quota(error, wait):
        return ModelError(f"{url}: the quota is used up ({reason}); {LATER}")
    return Passing(reason, response=reply.response, wait=wait)


def _wait_in(message: str) -> float | None:
    """Return the seconds in a message such as "Please retry in 36.5s", None without any."""
    found = _SOON.search(message[:2000])
    if found is None:
        return None
    return float(found[1]) / (1000 if found[2].lower() == "ms" else 1)


def _error_of(body: bytes) -> Any:
    """Return the error in the body of a failed request: of JSON its `error`, else the text."""
    try:
        found = parse(body)
    except SampleError:
        return body.decode("utf-8", "replace")
    return found.get("error", found) if isinstance(found, dict) else found


def _message(error: Any) -> str:
    """Return the text in an error, "" where it has none."""
    if isinstance(error, dict):
        error = next((e for k in ("message", "detail", "code") if (e := error.get(k))), "")
    return error if isinstance(error, str) else ""


def _is_quota(error: Any, wait: float | None) -> bool:
    """Return whether an error says that a quota is used up, and not when to try again."""
    codes = (error.get("code"), error.get("type")) if isinstance(error, dict) else ()
    if "insufficient_quota" in codes:
        return True
    return wait is None and bool(_QUOTA.search(_message(error)[:2000]))

"""Responses of an endpoint: JSON objects, transient errors and permanent errors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from mmbench.errors import ModelError, SampleError

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

MAX_BODY = 16 << 20  # bytes per response; a text of 100,000 tokens has less than 1 MiB
MAX_WAIT = 60.0  # seconds between two tries
LONGEST_PAUSE = 300.0  # seconds; if a server requests a longer wait, the run ends
_CHUNK = 1 << 16

_RETRIED_STATUSES = {408, 409, 425, 429, 500, 502, 503, 504, 529}  # another try may succeed
_FATAL_STATUSES = {
    401: "the API key is not accepted",
    402: "payment is required",
    403: "access is denied",
    404: "no such model",
}
_STATUS = re.compile(r"[45][0-9]{2}")
RESUME_HINT = "finished outputs are kept; repeat the command to continue"
_QUOTA = re.compile(r"quota|billing|insufficient (?:balance|credit|funds)", re.IGNORECASE)
_UNIT = r"ms|d(?:ays?)?|h(?:ours?|rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?"
_TIME = re.compile(rf"(\d{{1,6}}(?:\.\d{{1,9}})?) ?({_UNIT})(?![a-z]),? ?", re.IGNORECASE)
_RETRY_IN = re.compile(rf"try (?:again )?(?:in|after) ((?:{_TIME.pattern}){{1,4}})", re.IGNORECASE)
_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}


class TransientError(Exception):
    """A failed request that may succeed if repeated.

    `error` is the urllib3 error and `response` the urllib3 response, each None if there was none.
    `wait` is the wait in seconds that the server requests, or None.
    """

    def __init__(
        self,
        reason: str,
        *,
        error: Exception | None = None,
        response: BaseHTTPResponse | None = None,
        wait: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.error, self.response, self.wait = error, response, wait


class Reply(NamedTuple):
    """A response of an endpoint with its body.

    `wait` is its Retry-After in seconds, or None. `location` is the target of a redirect, or "".
    """

    status: int
    body: bytes
    response: BaseHTTPResponse
    wait: float | None = None
    location: str = ""


def read_body(response: BaseHTTPResponse) -> bytes:
    """Return the decoded body of a urllib3 response.

    Raises SampleError for a body longer than `MAX_BODY` bytes, and urllib3's errors.
    """
    body = bytearray()
    while data := response.read1(_CHUNK, decode_content=True):
        body += data
        if len(body) > MAX_BODY:
            raise SampleError(f"the endpoint's response is longer than {MAX_BODY >> 20} MiB")
    return bytes(body)


def retry_after_seconds(response: BaseHTTPResponse) -> float | None:
    """Return the wait in seconds that the Retry-After header requests.

    The header holds seconds or a date. Returns None if it is absent or invalid.
    """
    from urllib3 import Retry
    from urllib3.exceptions import InvalidHeader

    try:
        seconds = Retry().get_retry_after(response)
        return None if seconds is None else float(seconds)
    except (InvalidHeader, ValueError, OverflowError):
        return None


def parse_json_body(body: bytes) -> object:
    """Parse JSON. Raises SampleError if it is invalid, too deeply nested or has huge numbers."""
    try:
        return json.loads(body)
    except RecursionError as error:
        raise SampleError("the JSON of the endpoint's response is nested too deep") from error
    except ValueError as error:  # invalid JSON or UTF-8, or a number with too many digits
        raise SampleError("the endpoint's response is not JSON") from error


def parse_reply(reply: Reply, url: str, printable: Callable[[str], str]) -> dict[str, object]:
    """Return the JSON object of a successful response from `url`.

    Raises TransientError if a retry may succeed, SampleError for a refused request, and ModelError
    if every request will fail or the server requests a wait longer than `LONGEST_PAUSE`.
    `printable` prepares text from the server for error messages.
    """
    if 300 <= reply.status < 400:
        raise ModelError(
            f"{url} redirects to {printable(reply.location)!r}, and redirects are not followed;"
            " give the final URL as --api-base"
        )
    if reply.status >= 400:
        error = _error_in_body(reply.body)
        raise _failure(reply, reply.status, error, f"status {reply.status}", url, printable)
    answer = parse_json_body(reply.body)
    if not isinstance(answer, dict):
        raise SampleError("the endpoint's response is JSON, but not an object")
    if error := _error_in_answer(answer):
        label = f"status {reply.status}, error"
        raise _failure(reply, _status_of(error), error, label, url, printable)
    return answer


def _error_in_answer(answer: dict[str, object]) -> object:
    """Return the error in a response of status 200, or None; it may be in the first choice."""
    match answer:
        case {"choices": [{"error": error}, *_]}:
            return error
        case {"choices": choices} if choices:
            return None
        case {"object": "error"}:
            return answer
        case _:
            return answer.get("error")


def _status_of(error: object) -> int:
    """Return the HTTP status code in an error object, or 500 if it has none."""
    code = error.get("code") if isinstance(error, dict) else None
    is_status = isinstance(code, int | str) and _STATUS.fullmatch(str(code)[:9])
    return int(str(code)) if is_status else 500


def _failure(
    reply: Reply,
    status: int,
    error: object,
    label: str,
    url: str,
    printable: Callable[[str], str],
) -> TransientError | SampleError | ModelError:
    reason = f"{label}: {printable(_message(error) or reply.body.decode('utf-8', 'replace'))}"
    if status in _FATAL_STATUSES:
        end = f"; {RESUME_HINT}" if status == 402 else "; see --api-base and docs/models.md"
        return ModelError(f"{url}: {_FATAL_STATUSES[status]} ({reason}){end}")
    if status not in _RETRIED_STATUSES:
        return SampleError(f"the endpoint refused the request: {reason}")
    wait = reply.wait if reply.wait is not None else _retry_in_seconds(_message(error))
    if (wait or 0) > LONGEST_PAUSE:
        return ModelError(f"{url} asks to wait {wait:.0f} s ({reason}); {RESUME_HINT}")
    if _is_quota(error, wait):
        return ModelError(f"{url}: the quota is used up ({reason}); {RESUME_HINT}")
    return TransientError(reason, response=reply.response, wait=wait)


def _retry_in_seconds(message: str) -> float | None:
    """Return the seconds in a message such as "Please try again in 1m36.5s", or None."""
    match = _RETRY_IN.search(message[:2000])
    if match is None:
        return None
    return sum(float(number) * _seconds(unit.lower()) for number, unit in _TIME.findall(match[1]))


def _seconds(unit: str) -> float:
    return 0.001 if unit == "ms" else _SECONDS[unit[0]]


def _error_in_body(body: bytes) -> object:
    """Return the error in the body of a failed request.

    This is the `error` field of JSON, the JSON itself without this field, or the body as text.
    """
    try:
        answer = parse_json_body(body)
    except SampleError:
        return body.decode("utf-8", "replace")
    return answer.get("error", answer) if isinstance(answer, dict) else answer


def _message(error: object) -> str:
    """Return the message of an error object, or "" if it has none."""
    if isinstance(error, dict):
        error = next((e for k in ("message", "detail", "code") if (e := error.get(k))), "")
    return error if isinstance(error, str) else ""


def _is_quota(error: object, wait: float | None) -> bool:
    """Return whether an error reports an exhausted quota and no wait after which to try again."""
    codes = (error.get("code"), error.get("type")) if isinstance(error, dict) else ()
    if "insufficient_quota" in codes:
        return True
    return wait is None and bool(_QUOTA.search(_message(error)[:2000]))

"""Validation of an endpoint's URL and API key, and a pattern that finds the key in text."""

from __future__ import annotations

import re
from base64 import b64encode
from ipaddress import ip_address
from urllib.parse import SplitResult, quote, quote_plus, urlsplit

from mmbench.errors import ModelError, UserError
from mmbench.text import plain

SHORTEST_SECRET = 8  # characters; masking a shorter key ("EMPTY", "none") would hide common words

_ODD = re.compile(r"[\\\s\x00-\x1f?#]")


def parse_base(base: str) -> SplitResult:
    """Split the URL of an endpoint. Raises UserError unless it is http(s)://HOST[:PORT][/PATH].

    Backslashes and spaces are refused, because libraries disagree on the host of such a URL.
    """
    if "@" in base.partition("//")[2].partition("/")[0]:
        raise UserError(
            "--api-base contains a user name or password; remove it and set the API key as an"
            " environment variable (default OPENAI_API_KEY)"
        )
    try:
        parts = urlsplit(base)
        http = parts.scheme in ("http", "https")
        complete = http and parts.hostname and parts.port != 0 and not _ODD.search(base)
    except ValueError:  # an invalid port or an incomplete IPv6 address
        complete = None
    if not complete:
        raise UserError(
            f"--api-base {plain(base)!r} is not the URL of an endpoint; give http://HOST:PORT/v1"
        )
    return parts


def is_this_machine(host: str) -> bool:
    """Return whether a host name or IP address is this machine.

    These are localhost, 127.0.0.0/8, ::1, 0.0.0.0 and ::. Any other name or address counts as
    another machine; names are not resolved.
    """
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def check_key(parts: SplitResult, key: str, *, insecure_http: bool) -> None:
    """Raise ModelError if an HTTP header cannot hold the key or it would be sent unencrypted."""
    if not (key.isascii() and key.isprintable()):
        raise ModelError(
            "the API key has characters that an HTTP header cannot hold; set its environment"
            " variable again"
        )
    host = parts.hostname or ""
    if parts.scheme == "http" and not is_this_machine(host) and not insecure_http:
        raise ModelError(
            f"--api-base {plain(parts.geturl())}: the API key would be sent unencrypted to"
            f" {plain(host)}; use https, pass --insecure-http, or unset the key"
        )


def key_pattern(key: str) -> re.Pattern[str]:
    """Return a regular expression that matches a key in text from a server.

    It matches the plain key and its URL, JSON and Base64 encodings. A key shorter than
    `SHORTEST_SECRET` is matched in plain form only.
    """
    forms = {key}
    if len(key) >= SHORTEST_SECRET:
        forms |= {quote(key), quote(key, safe=""), quote_plus(key), key.replace("/", r"\/")}
        forms |= _base64_forms(key)
    return re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True))))


def _base64_forms(key: str) -> set[str]:
    """Return the Base64 substrings that reveal the key inside longer encoded data.

    One for each offset of the key modulo 3 bytes; characters that also encode neighbouring bytes
    are left out.
    """
    forms = set()
    for before in range(3):
        coded = b64encode(bytes(before) + key.encode()).decode()
        end = (before + len(key)) * 8 // 6
        forms |= {coded[-(-before * 8 // 6) : end]}
    return forms

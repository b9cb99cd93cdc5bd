"""The address of an endpoint: where it is, and whether a key may be sent there."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from mmbench.errors import ModelError, UserError
from mmbench.text import plain


def parse_base(base: str) -> SplitResult:
    """Split `--api-base`. Raises UserError unless it is http(s)://HOST[:PORT][/PATH]."""
    try:
        parts = urlsplit(base)
        complete = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number, half an IPv6 address
        complete = None
    if not complete:
        raise UserError(f"--api-base {plain(base)!r}: give http://HOST:PORT/v1 of the endpoint")
    if parts.username or parts.password:
        raise UserError("--api-base holds a password: put the key into the environment")
    return parts


def is_this_machine(host: str) -> bool:
    """Return whether a host is this machine: localhost, 127.0.0.0/8, ::1, 0.0.0.0 or ::.

    Any other name or address counts as another machine, whatever it resolves to.
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
    """Raise ModelError for a key that no header can hold, or that would travel unencrypted."""
    if not (key.isascii() and key.isprintable()):
        raise ModelError("the key in the environment holds more than a header can: set it anew")
    host = parts.hostname or ""
    if parts.scheme == "http" and not is_this_machine(host) and not insecure_http:
        raise ModelError(
            f"--api-base {plain(parts.geturl())}: the key would be sent unencrypted to"
            f" {plain(host)}: use https, or --insecure-http, or unset the key"
        )

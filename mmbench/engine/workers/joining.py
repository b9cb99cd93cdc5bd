"""Joining a Ray cluster: its address, and why that fails.

Read in the sources of Ray 2.60: the address `auto` is RAY_ADDRESS, that of a head on this machine,
or the one that the last `ray start` left in a file, whose cluster may have ended
(python/ray/_private/services.py). `ray.init` waits several minutes for a cluster that has ended,
and raises exceptions of many classes, `Exception` among them (python/ray/_private/node.py).
"""

from __future__ import annotations

import socket
from typing import Any

from mmbench.errors import UserError

_ANSWERS = 5.0  # seconds in which the head of a cluster answers


def head_address(address: str, ray: Any) -> str:
    """Return the address HOST:PORT at which the head of a cluster answers.

    `address` is `auto` or HOST:PORT. Raises UserError for an invalid address, and if no cluster
    answers.
    """
    head = _found_head(ray) if address == "auto" else address
    host, _, port = head.rpartition(":")
    if not host or not port.isdecimal():
        raise UserError(
            f"--ray {address}: not an address; type HOST:PORT of the cluster's head, or auto"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), _ANSWERS).close()
    except (OSError, OverflowError) as error:
        where = f" at {head}" if head != address else ""
        raise UserError(
            f"--ray {address}: no cluster answers{where} ({error}); type the address that `ray"
            " start --head` printed, or leave out --ray"
        ) from error
    return head


def _found_head(ray: Any) -> str:
    """Return the address of the cluster that Ray finds for `auto`."""
    try:
        return str(ray._private.services.canonicalize_bootstrap_address("auto"))
    except (ConnectionError, ValueError, OSError) as error:
        raise UserError(
            "--ray auto: no cluster was found on this machine; start one with `ray start --head`,"
            " or type HOST:PORT of the head of another machine's cluster"
        ) from error


def connection_fault(error: BaseException) -> str:
    """Return why Ray cannot be started or joined, with advice for a token and other versions."""
    if str(error).startswith("Version mismatch"):
        return f"{' '.join(str(error).split())}; install the same versions"
    cause: BaseException | None = error
    while cause is not None:
        if "InvalidAuthToken" in str(cause):
            return (
                "the cluster refuses the token of this process; set RAY_AUTH_MODE and"
                " RAY_AUTH_TOKEN as on its nodes"
            )
        cause = cause.__cause__
    return first_line(error)


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its class."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)

"""HTTP sessions with an endpoint: headers, certificates, and time limits for replies."""

from __future__ import annotations

import os
import time
from http.client import BadStatusLine, HTTPResponse, parse_headers
from http.cookiejar import DefaultCookiePolicy
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.errors import ModelError
from mmbench.text import plain

if TYPE_CHECKING:
    import socket

    import requests
    from _typeshed import WriteableBuffer
    from urllib3.connectionpool import HTTPConnectionPool

CERTIFICATES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")  # variables, the first that is set counts


def make_session(
    key: str | None, connections: int, seconds: float, *, encrypted: bool
) -> requests.Session:
    """Return a requests session that several threads share; it keeps no cookies.

    Sending a request and receiving its whole reply may take `seconds` each. From the environment
    only a file of certificates is used: no key of ~/.netrc, and no proxy, which could read the
    traffic. Raises ModelError if that file is missing.
    """
    import requests

    class Session(requests.Session):
        """A session without redirects, since requests would read their bodies."""

        def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002
            return None

    session = Session()
    session.trust_env = False
    session.verify = (encrypted and _certificates()) or True
    session.headers.update({"Authorization": f"Bearer {key}"} if key else {})
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = requests.adapters.HTTPAdapter(pool_maxsize=connections + 1)  # and the caller's
    adapter.poolmanager.pool_classes_by_scheme = _pools(seconds)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _certificates() -> str:
    """Return the file or folder of certificates that the environment names, "" for none."""
    for name in CERTIFICATES:
        if path := os.environ.get(name, ""):
            if not Path(path).exists():
                raise ModelError(f"{name}={plain(path)}: no such file of certificates")
            return path
    return ""


def _pools(seconds: float) -> dict[str, type]:
    """Return urllib3's pool classes by scheme, with time-limited connections."""
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

    pools = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
    return {scheme: _limited(pool, seconds) for scheme, pool in pools.items()}


def _limited(pool: type[HTTPConnectionPool], seconds: float) -> type:
    parts = {"limit": seconds, "response_class": _Reply}
    connection = type("Limited", (_Limited, pool.ConnectionCls), parts)
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _Limited:
    """A mixin for connections with `limit` seconds to send a request and to read a reply each."""

    limit: float
    sock: socket.socket

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        self.sock.settimeout(self.limit)  # before this the timeout limits the connecting


class _Reply(HTTPResponse):
    """A reply with a deadline, which skips informational replies of status 1xx.

    http.client takes a 103 for the reply, and the reply itself for that of the next request.
    """

    def __init__(
        self,
        sock: socket.socket,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self.fp = BufferedReader(_Timed(self.fp.detach(), sock))

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status == 101:  # the server switches to another protocol
                raise BadStatusLine(f"{version} {status}")
            if not 100 < status < 200:
                return version, status, reason
            parse_headers(self.fp)


class _Timed(RawIOBase):
    """The bytes of a socket until its timeout, counted from now and not from the last byte."""

    def __init__(self, raw: RawIOBase, sock: socket.socket) -> None:
        self._raw, self._sock = raw, sock
        self._seconds = sock.gettimeout()
        assert self._seconds is not None  # _Limited sets it
        self._end = time.monotonic() + self._seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the reply took too long")
        self._sock.settimeout(left)
        try:
            return self._raw.readinto(buffer)
        finally:
            self._sock.settimeout(self._seconds)  # for the next request

    def close(self) -> None:
        self._raw.close()
        super().close()

"""HTTP sessions with an endpoint: headers, certificates and time limits for responses."""

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

# Environment variables; the first that is set is used.
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


def make_session(
    key: str | None, connections: int, seconds: float, *, encrypted: bool
) -> requests.Session:
    """Return a requests session without cookies that several threads may share.

    Sending a request may take `seconds`, and so may receiving its whole response. Of the
    environment, only a certificate file is used: no password from ~/.netrc and no proxy, which
    could read the traffic. Raises ModelError if the certificate file is missing.
    """
    import requests

    class Session(requests.Session):
        """A session that ignores redirects, because requests would read their bodies."""

        def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002
            return None

    session = Session()
    session.trust_env = False
    session.verify = (encrypted and _certificates()) or True
    session.headers.update({"Authorization": f"Bearer {key}"} if key else {})
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = requests.adapters.HTTPAdapter(pool_maxsize=connections + 1)  # plus the caller
    adapter.poolmanager.pool_classes_by_scheme = _pools(seconds)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _certificates() -> str:
    """Return the path of the certificates given in the environment, or "" if none is set."""
    for name in CERTIFICATES:
        if path := os.environ.get(name, ""):
            if not Path(path).exists():
                raise ModelError(f"{name}={plain(path)}: no such file or folder")
            return path
    return ""


def _pools(seconds: float) -> dict[str, type]:
    """Return subclasses of urllib3's pools with time-limited connections, by URL scheme."""
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

    pools = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
    return {scheme: _limited(pool, seconds) for scheme, pool in pools.items()}


def _limited(pool: type[HTTPConnectionPool], seconds: float) -> type:
    parts = {"limit": seconds, "response_class": _Reply}
    connection = type("Limited", (_Limited, pool.ConnectionCls), parts)
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _Limited:
    """A mixin for connections: `limit` is the timeout in seconds of sending, and of receiving."""

    limit: float
    sock: socket.socket

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        self.sock.settimeout(self.limit)  # until here, the timeout is that for connecting


class _Reply(HTTPResponse):
    """A response with a deadline that skips informational responses (status 1xx).

    http.client would return a 103 as the response, and the actual response to the next request.
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
    """A reader of a socket with a deadline: its timeout, counted from now.

    The timeout of the socket itself would start again after each byte.
    """

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
            raise TimeoutError("the response took too long")
        self._sock.settimeout(left)
        try:
            return self._raw.readinto(buffer)
        finally:
            self._sock.settimeout(self._seconds)  # for the next request

    def close(self) -> None:
        self._raw.close()
        super().close()

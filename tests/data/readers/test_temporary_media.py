"""Bytes put aside on disk: they come back, from any thread, and a full disk is an error."""

import resource
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from mmbench.data.readers.temporary_media import Spool
from mmbench.errors import DataError


def test_what_is_put_aside_comes_back(tmp_path):
    spool = Spool(tmp_path)
    parts = [bytes([n]) * (n * 100) for n in range(200)]
    readers = [spool.add(part) for part in parts]
    del spool
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda read: read(), readers * 3)) == parts * 3
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error_of_one_line(tmp_path):
    spool = Spool(tmp_path)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limit[1]))
    try:
        with pytest.raises(DataError) as caught:
            spool.add(b"x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert f"cannot store media files in {tmp_path}: File too large" in str(caught.value)
    assert "set MMBENCH_CACHE" in str(caught.value)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"cannot store media files in .*: No such file"):
        Spool(tmp_path / "gone")

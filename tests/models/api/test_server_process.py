"""Servers that mmbench starts: real processes that start, fail, hang, ignore signals and die."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from mmbench.errors import ModelError
from mmbench.models.api.server_process import ServerProcess

# Answers every GET after writing its process id into a file, and starts a worker on request.
SERVER = """
import http.server, os, signal, subprocess, sys
port, file, *flags = sys.argv[1:]
if "stubborn" in flags:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
pids = [os.getpid()]
if "worker" in flags:
    pids.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *args):
        pass
server = http.server.HTTPServer(("127.0.0.1", int(port)), Handler)
open(file, "w").write(" ".join(map(str, pids)))
server.serve_forever()
"""


def start(pids: Path, *flags: str, seconds: float = 60) -> ServerProcess:
    return ServerProcess(
        [sys.executable, "-c", SERVER, "{port}", str(pids), *flags], {}, seconds=seconds
    )


def running(pids: Path) -> list[int]:
    """The processes of a server that have not ended."""
    numbers = []
    for text in pids.read_text().split():
        try:
            state = Path(f"/proc/{text}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            continue
        if state != "Z":
            numbers.append(int(text))
    return numbers


def wait_until_ended(pids: Path, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while running(pids):
        assert time.monotonic() < end, f"still running: {running(pids)}"
        time.sleep(0.05)


def test_a_server_answers_until_it_is_stopped(tmp_path: Path) -> None:
    server = start(tmp_path / "pids", "worker")
    assert requests.get(f"{server.base}/models", timeout=5).ok
    assert len(running(tmp_path / "pids")) == 2
    server.stop()
    wait_until_ended(tmp_path / "pids")
    server.stop()  # a second call changes nothing


def test_a_server_ends_with_the_object_that_started_it(tmp_path: Path) -> None:
    server = start(tmp_path / "pids")
    del server
    gc.collect()
    wait_until_ended(tmp_path / "pids")


@pytest.mark.slow
def test_a_server_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    server = start(tmp_path / "pids", "stubborn")
    server.stop()
    wait_until_ended(tmp_path / "pids")


def test_a_failed_start_shows_the_error_and_the_command(tmp_path: Path) -> None:
    code = "import sys; print('ValueError: no CUDA device'); print('bye'); sys.exit(3)"
    with pytest.raises(ModelError, match="exit code 3; its last output: ValueError: no CUDA"):
        ServerProcess([sys.executable, "-c", code, "{port}"], {}, seconds=60)


def test_a_server_that_is_not_ready_in_time_is_stopped(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = f"import os, time; open({str(pids)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    with pytest.raises(ModelError, match="was not ready within 2 s; raise --model-arg start_"):
        ServerProcess([sys.executable, "-c", code], {}, seconds=2)
    wait_until_ended(pids)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_server_ends_with_a_process_that_is_killed(tmp_path: Path, number: int) -> None:
    pids = tmp_path / "pids"
    code = f"""
import sys, time
from pathlib import Path
from tests.models.api.test_server_process import start
server = start(Path({str(pids)!r}), "worker")
print("started", flush=True)
time.sleep(600)
"""
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"started\n"
        assert len(running(pids)) == 2
        os.kill(parent.pid, number)
    wait_until_ended(pids)

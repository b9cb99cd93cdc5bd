"""Boards in an object store: moto's server, which speaks S3, on this machine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from mmbench.cli import main
from mmbench.errors import UserError
from mmbench.reports import board
from mmbench.storage import records as store
from mmbench.storage.folders import Folder
from tests.storage.test_folders import use_board
from tests.support import toy_models  # noqa: F401 - registers the model that draws
from tests.support.boards import ROWS, record
from tests.support.paths import ROOT
from tests.support.servers.ports import free_port, wait_for_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (find_spec("moto") and find_spec("s3fs")),
        reason="moto[server] and s3fs are not installed: see test-s3 in the Makefile",
    ),
]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch, request: Any) -> str:
    settings = {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    name = request.node.name.replace("_", "-")[:60].rstrip("-")
    _another_client().mkdir(name)
    return f"s3://{name}"


def _another_client() -> Any:
    import s3fs

    return s3fs.S3FileSystem(skip_instance_cache=True)


def test_every_command(bucket: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    use_board(f"{bucket}/boards", tmp_path, capsys)


def test_drawings_go_to_the_bucket(bucket: str) -> None:
    run = ["run", "-m", "toy-artist", "-t", "shapes-draw", "--limit", "3", "--quiet"]
    assert main([*run, "--out", f"{bucket}/boards", "--media", f"{bucket}/drawn"]) in (0, 3)
    drawn = _another_client().find(f"{bucket}/drawn/shapes-draw")
    assert [path.rpartition(".")[2] for path in drawn] == ["png"] * 3


def test_what_another_client_writes_is_listed(bucket: str) -> None:
    folder, other = Folder(bucket), _another_client()
    store.write_record(bucket, record("a"), ROWS)
    assert len(folder.run_files()) == 1
    other.pipe_file(f"{bucket}/runs/t/b.json", store.encode(record("b")))
    assert len(folder.run_files()) == 2
    other.rm_file(f"{bucket}/runs/t/a.json")
    assert folder.run_files() == ["runs/t/b.json"]


def test_writers_at_once_lose_nothing(bucket: str) -> None:
    """Each process writes a record and builds the tables, at the same time as the others."""
    code = (
        "import sys; from msgspec.structs import replace\n"
        "from mmbench.reports import board\n"
        "from mmbench.storage import records as store\n"
        "from tests.support.boards import ROWS, record\n"
        "bucket, name = sys.argv[1:]\n"
        "model = replace(record().model, name=name)\n"
        "store.write_record(bucket, record(name, model=model), ROWS)\n"
        "board.build(bucket, ['t'])"
    )
    names = [f"writer-{n}" for n in range(6)]
    command = [sys.executable, "-c", code, bucket]
    running = [subprocess.Popen([*command, name], cwd=ROOT) for name in names]
    assert [process.wait(120) for process in running] == [0] * 6
    page = Folder(bucket).read("t.md").decode()
    assert all(page.count(f"| {name} |") >= 1 for name in names)
    assert not board.build(bucket).unreadable


def test_a_bucket_that_is_not_there_is_refused_before_the_run(
    bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "-m", "x", "-t", "x", "--out", "s3://no-such-bucket/boards"]) == 2
    assert "bucket does not exist" in capsys.readouterr().err
    with pytest.raises(UserError, match="no-such-bucket"):
        store.read_records("s3://no-such-bucket/boards")
    assert store.read_records(f"{bucket}/empty") == []

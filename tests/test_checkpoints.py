"""Checkpoints: folders, and hub ids through the real huggingface_hub against a local server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b, sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mmbench.checkpoints import hash_file, hash_folder, resolve, weight_files
from mmbench.errors import ModelError, SampleError

SHA = "0123456789abcdef0123456789abcdef01234567"
SMALL = {"config.json": b"{}", "tokenizer.json": b"{}", "merges.txt": b"a b"}
REPOSITORIES: dict[str, dict[str, bytes]] = {
    # As on the hub: copies for other frameworks, and folders, which are not wanted.
    "some/clip": {
        **SMALL,
        "model.safetensors": b"weights",
        "model.fp16.safetensors": b"half",
        "pytorch_model.bin": b"pickled",
        "tf_model.h5": b"other framework",
        "README.md": b"about",
        "onnx/config.json": b"{}",
        "onnx/model.safetensors": b"other",
    },
    "some/pickled": {**SMALL, "pytorch_model.bin": b"pickled"},
    "some/sharded": {
        **SMALL,
        "model.safetensors.index.json": json.dumps(
            {"weight_map": {i: f"model-0000{i}-of-00002.safetensors" for i in (1, 2)}}
        ).encode(),
        "model-00001-of-00002.safetensors": b"1",
        "model-00002-of-00002.safetensors": b"2",
    },
    "some/gated": {**SMALL, "model.safetensors": b"weights"},
    "some/empty": SMALL,
    "some/broken": SMALL,
    "some/silent": SMALL,
    "some/trickle": SMALL,
    "some/portal": SMALL,
}


class Hub(BaseHTTPRequestHandler):
    """The few endpoints of the hub that a download uses."""

    requests: list[str]

    def log_message(self, *args: Any) -> None:
        self.requests.append(f"{self.command} {self.path}")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self.describe("/".join(parts[2:4]), parts[4:])
        else:
            self.serve("/".join(parts[:2]), "/".join(parts[4:]))

    def describe(self, name: str, rest: list[str]) -> None:
        files = REPOSITORIES.get(name)
        if files is None:
            self.send(404, b"", {"X-Error-Code": "RepoNotFound"})
        elif name == "some/silent":
            self.log_message()
            time.sleep(30)
        elif name == "some/trickle":
            self.trickle()
        elif name == "some/broken":
            self.send(500, b"")
        elif name == "some/portal":
            self.send(200, b"<html>log in to this network</html>")
        elif rest[:1] == ["revision"] and rest[1] not in ("main", "v1", SHA):
            self.send(404, b"", {"X-Error-Code": "RevisionNotFound"})
        elif rest[:1] == ["tree"]:
            entries = [
                {"type": "file", "path": path, "size": len(raw), "oid": sha1(raw).hexdigest()}
                for path, raw in files.items()
            ]
            self.send(200, json.dumps(entries).encode())
        else:
            siblings = [{"rfilename": path} for path in files]
            info = {"id": name, "modelId": name, "sha": SHA, "siblings": siblings}
            self.send(200, json.dumps(info).encode())

    def serve(self, name: str, path: str) -> None:
        if name == "some/gated":
            self.send(403, b"", {"X-Error-Code": "GatedRepo"})
        else:
            raw = REPOSITORIES[name][path]
            self.send(200, raw, {"X-Repo-Commit": SHA, "ETag": f'"{sha1(raw).hexdigest()}"'})

    def trickle(self) -> None:
        """A byte now and then: no silence is long enough for the limit of a single read."""
        self.log_message()
        with suppress(ConnectionError):
            for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 60:
                self.wfile.write(bytes([byte]))
                time.sleep(0.5)

    def send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@pytest.fixture
def hub() -> Iterator[tuple[str, list[str]]]:
    """Address of a fresh server, and the requests that it has seen."""
    seen: list[str] = []
    handler = type("Handler", (Hub,), {"requests": seen})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()


CHILD = """
import json, sys
from mmbench.checkpoints import resolve
from mmbench.errors import ModelError
try:
    found = resolve(sys.argv[1], sys.argv[2] or None)
    said = {"folder": str(found.folder), "revision": found.revision, "hash": found.hash}
except ModelError as error:
    said = {"error": str(error)}
said["heavy"] = sorted({"torch", "transformers"} & sys.modules.keys())
print(json.dumps(said))
"""


def start(
    home: Path, endpoint: str, name: str, revision: str = "", **more: str
) -> subprocess.Popen[str]:
    """Resolve in a new process, since huggingface_hub reads its environment when imported."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    env = {**kept, "HF_HOME": str(home), "HF_ENDPOINT": endpoint, "NO_PROXY": "*", **more}
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, name, revision],
        env=env,
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(process.communicate(timeout=60)[0])
    assert said["heavy"] == []
    assert "\n" not in said.get("error", "")
    return said


def ask(home: Path, endpoint: str, name: str, revision: str = "", **more: str) -> dict[str, Any]:
    return finish(start(home, endpoint, name, revision, **more))


def names(folder: str) -> set[str]:
    return {str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()}


def test_download_then_no_request(hub: tuple[str, list[str]], tmp_path: Path) -> None:
    endpoint, seen = hub
    first = ask(tmp_path, endpoint, "some/clip")
    assert (first["revision"], first["hash"]) == (SHA, SHA)
    assert names(first["folder"]) == {*SMALL, "model.safetensors"}
    assert Path(first["folder"], "model.safetensors").read_bytes() == b"weights"

    seen.clear()
    again = [start(tmp_path, endpoint, "some/clip", revision) for revision in ("", "main", SHA)]
    again.append(start(tmp_path, endpoint, "some/clip", HF_HUB_OFFLINE="1"))
    again.append(start(tmp_path, "http://127.0.0.1:9", "some/clip"))
    assert [finish(process) for process in again] == [first] * 5
    assert seen == []


def test_a_file_missing_from_the_cache_is_fetched(
    hub: tuple[str, list[str]], tmp_path: Path
) -> None:
    endpoint, seen = hub
    folder = ask(tmp_path, endpoint, "some/sharded", "v1")["folder"]
    assert names(folder) == set(REPOSITORIES["some/sharded"])
    Path(folder, "model-00002-of-00002.safetensors").unlink()
    seen.clear()
    assert ask(tmp_path, endpoint, "some/sharded", "v1")["folder"] == folder
    assert names(folder) == set(REPOSITORIES["some/sharded"])
    fetched = [line for line in seen if line.startswith("GET /some")]
    assert len(fetched) <= 1, "the blob is kept, so that at most one file is read again"


def test_pickled_weights_where_there_is_nothing_else(
    hub: tuple[str, list[str]], tmp_path: Path
) -> None:
    said = ask(tmp_path, hub[0], "some/pickled")
    assert names(said["folder"]) == {*SMALL, "pytorch_model.bin"}


@pytest.mark.parametrize(
    ("name", "revision", "reason"),
    [
        ("some/nothing", "", "not found at http://127.0.0.1"),
        ("some/clip", "v2", "no such revision"),
        ("some/gated", "", "it is gated: accept its terms"),
        ("some/broken", "", "answered with status 500"),
        ("some/portal", "", "answered, but not as a hub does"),
        ("some/empty", "", "no weights that transformers loads"),
        ("no such/id", "", "neither a folder nor a hub id"),
    ],
)
def test_what_the_hub_refuses(
    hub: tuple[str, list[str]], tmp_path: Path, name: str, revision: str, reason: str
) -> None:
    error = ask(tmp_path, hub[0], name, revision)["error"]
    assert reason in error
    assert name in error


def test_without_a_network_one_attempt(hub: tuple[str, list[str]], tmp_path: Path) -> None:
    """A closed port, a server that never answers, and one that never ends its answer."""
    endpoint, seen = hub
    waiting = [
        start(tmp_path, endpoint, "some/silent"),
        start(tmp_path, endpoint, "some/trickle"),
        start(tmp_path, "http://127.0.0.1:9", "some/clip"),
    ]
    for process in waiting:
        error = finish(process)["error"]
        assert "cannot be reached" in error
        assert str(tmp_path / "hub") in error
        assert "--model NAME@FOLDER" in error
    assert len(seen) == 2, "asked once each, never again"


def test_offline_asks_nobody(hub: tuple[str, list[str]], tmp_path: Path) -> None:
    error = ask(tmp_path, hub[0], "some/clip", HF_HUB_OFFLINE="1")["error"]
    assert "HF_HUB_OFFLINE" in error
    assert hub[1] == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, raw in {**SMALL, "model.safetensors": b"weights"}.items():
        (tmp_path / name).write_bytes(raw)
    return tmp_path


def test_folder(folder: Path) -> None:
    found = resolve(str(folder))
    assert (found.name, found.folder, found.revision) == (str(folder), folder, None)
    naive = blake2b(digest_size=16)
    for name in sorted([*SMALL, "model.safetensors"]):
        content = blake2b((folder / name).read_bytes(), digest_size=16).hexdigest()
        naive.update(f"{name}\0{content}\n".encode())
    assert found.hash == naive.hexdigest()


@pytest.mark.parametrize(
    ("name", "matters"),
    [
        ("model.safetensors", True),
        ("config.json", True),
        ("merges.txt", True),
        ("preprocessor_config.json", True),  # a new one matters as much as a changed one
        ("spiece.model", True),
        ("modeling_custom.py", True),
        ("pytorch_model.bin", False),  # safetensors win, so that it is not read
        ("optimizer.pt", False),
        ("training_args.bin", False),
        ("README.md", False),
        ("checkpoint-500/model.safetensors", False),
    ],
)
def test_hash_covers_what_can_change_the_numbers(folder: Path, name: str, matters: bool) -> None:
    before = hash_folder(folder)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"changed")
    assert (hash_folder(folder) != before) == matters


def test_hash_of_files_is_an_argument(folder: Path) -> None:
    read: list[str] = []

    def remembering(path: Path) -> str:
        read.append(path.name)
        return hash_file(path)

    assert resolve(str(folder), file_hash=remembering).hash == hash_folder(folder)
    assert read == sorted([*SMALL, "model.safetensors"])


def test_a_file_that_cannot_be_read(folder: Path) -> None:
    def failing(path: Path) -> str:
        raise SampleError(f"{path}: permission denied")

    with pytest.raises(ModelError, match=r"cannot read config\.json"):
        resolve(str(folder), file_hash=failing)


def test_names_written_like_paths_are_not_asked_for(tmp_path: Path) -> None:
    for name in ("./nothing", "~/nothing/at/all", "runs/a/step-2000", str(tmp_path / "nothing")):
        with pytest.raises(ModelError, match="does not exist"):
            resolve(name)


def test_not_a_checkpoint_folder(folder: Path) -> None:
    with pytest.raises(ModelError, match="is a file"):
        resolve(str(folder / "model.safetensors"))
    with pytest.raises(ModelError, match="has no revision: drop #main"):
        resolve(str(folder), "main")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"no weights: looked for \*\.safetensors"):
        resolve(str(folder))


def test_shards(folder: Path) -> None:
    shards = [f"model-0000{i}-of-00003.safetensors" for i in (1, 2, 3)]
    index = folder / "model.safetensors.index.json"
    (folder / "model.safetensors").unlink()
    index.write_text(json.dumps({"metadata": {}, "weight_map": {s: s for s in shards}}))
    (folder / shards[0]).write_bytes(b"1")
    with pytest.raises(ModelError, match=f"lacks 2 of its 3 weight files, first {shards[1]}"):
        resolve(str(folder))
    for shard in shards:
        (folder / shard).write_bytes(b"1")
    assert [path.name for path in weight_files(folder)] == shards
    index.write_text('{"weight_map": ')
    with pytest.raises(ModelError, match="not an index of weight files: Input data was truncated"):
        resolve(str(folder))

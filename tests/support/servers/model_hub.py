"""A small server that speaks as much of the Hugging Face hub as a download needs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.servers.ports import listening

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
    "some/pipeline": {
        "model_index.json": json.dumps(
            {
                "_class_name": "A",
                "unet": ["diffusers", "B"],
                "vae": ["diffusers", "C"],
                "tokenizer": ["transformers", "D"],
                "safety_checker": [None, None],
            }
        ).encode(),
        "unet/config.json": b"{}",
        "unet/model.safetensors": b"weights",
        "unet/model.fp16.safetensors": b"half",
        "unet/model.fp16-00001-of-00002.safetensors": b"half",
        "unet/model.bin": b"pickled",
        "vae/config.json": b"{}",
        "vae/model.safetensors": b"weights",
        "tokenizer/merges.txt": b"a b",
        "all-in-one.safetensors": b"other",
    },
    # Files that push_to_hf_hub of open_clip writes; the second also has weights of transformers.
    "some/open-clip": {
        "open_clip_config.json": b"{}",
        "tokenizer.json": b"{}",
        "open_clip_model.safetensors": b"weights",
        "open_clip_pytorch_model.bin": b"pickled",
    },
    "some/both": {
        **SMALL,
        "open_clip_config.json": b"{}",
        "open_clip_pytorch_model.bin": b"pickled",
        "model.safetensors": b"weights of transformers",
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


@contextmanager
def serving() -> Iterator[tuple[str, list[str]]]:
    """Address of a fresh server, and the requests that it has seen."""
    seen: list[str] = []
    handler = type("Handler", (Hub,), {"requests": seen})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with listening(server):
        yield f"http://127.0.0.1:{server.server_port}", seen

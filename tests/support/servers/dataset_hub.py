"""A small server that answers as the Hugging Face hub does, for one data set of a few files."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from tests.support.servers.ports import listening

COMMIT = "0123456789" * 4
NAME = "someone/Pictures"
Files = Mapping[str, bytes]


class Handler(BaseHTTPRequestHandler):
    """The endpoints of the hub that `datasets` uses, for the data set `NAME`."""

    files: Files
    asked: list[str]

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.asked.append(self.path)
        path = self.path.partition("?")[0]
        if f"/{NAME}/" not in f"{path}/":
            self.send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif "/resolve/" in path:
            self.send_file(path.partition("/resolve/")[2].partition("/")[2])
        elif "/tree/" in path:
            self.send_tree(path.partition("/tree/")[2].partition("/")[2])
        elif "/revision/" in path and path.rpartition("/")[2] not in ("main", COMMIT):
            self.send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        else:
            siblings = [{"rfilename": name} for name in self.files]
            self.send_json({"id": NAME, "sha": COMMIT, "siblings": siblings})

    do_HEAD = do_GET

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        paths = json.loads(body)["paths"] if body[0] == "{" else parse_qs(body)["paths"]
        self.send_json([entry(path, self.files[path]) for path in paths if path in self.files])

    def send_file(self, name: str) -> None:
        if name not in self.files:
            self.send(404, b"", {"X-Error-Code": "EntryNotFound"})
        else:
            data = self.files[name]
            headers = {"ETag": f'"{entry(name, data)["oid"]}"', "X-Repo-Commit": COMMIT}
            if match := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")):
                first, last = map(int, match.groups())
                headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
                self.asked.append(match[0])
                self.send(206, data[first : last + 1], headers)
            else:
                self.send(200, data, headers)

    def send_tree(self, folder: str) -> None:
        prefix = f"{folder}/" if folder else ""
        below = {name for name in self.files if name.startswith(prefix)}
        here = {name for name in below if "/" not in name[len(prefix) :]}
        folders = {prefix + name[len(prefix) :].split("/")[0] for name in below - here}
        found = [entry(name, self.files[name]) for name in sorted(here)]
        found += [{"type": "directory", "path": name, "oid": "0"} for name in folders]
        self.send_json(found)

    def send_json(self, value: Any) -> None:
        self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def entry(path: str, data: bytes) -> dict[str, Any]:
    """Return what the hub lists of a file."""
    return {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}


@contextmanager
def dataset_hub(files: Files) -> Iterator[tuple[str, list[str]]]:
    """Serve a data set of these files; the address of the server, and the requests it has seen."""
    asked: list[str] = []
    handler = type("OneDataset", (Handler,), {"files": files, "asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with listening(server):
        yield f"http://127.0.0.1:{server.server_port}", asked

"""A real local endpoint of chat completions whose answers, and faults, are scripted."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

from tests.support.servers.ports import listening

TOKENS_OF_A_MEDIUM = 100


def form_fields(kind: str, raw: bytes) -> dict[str, Any]:
    """The parts of multipart/form-data by name: texts, and the bytes of a file."""
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + raw)
    fields: dict[str, Any] = {}
    for part in message.get_payload():
        content = part.get_payload(decode=True)
        name = str(part.get_param("name", header="content-disposition"))
        fields[name] = content if part.get_filename() else content.decode()
    return fields


def said(body: dict[str, Any]) -> str:
    """The texts of a conversation in a row, media as <type>."""
    parts = [
        part
        for message in body["messages"]
        for part in (
            [{"type": "text", "text": message["content"]}]
            if isinstance(message["content"], str)
            else message["content"]
        )
    ]
    return "|".join(p["text"] if p["type"] == "text" else f"<{p['type']}>" for p in parts)


class Endpoint:
    """What the server does: `script` maps a text to faults, each used once, then it answers."""

    def __init__(self) -> None:
        self.script: dict[str, list[Any]] = {}
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.delay = 0.0
        self.most = self.flying = 0
        self.drops = False
        self.transcripts: dict[int, str] = {}
        self.usage = True
        self.base = ""
        self.models: Any = None  # what GET /models replies, None for 404
        self.version: Any = None  # what GET /version replies, None for 404
        self.facts: dict[str, Any] = {}  # what each answer says of the server
        self.lock = threading.Lock()

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        text = said(body)
        words = text.split()
        limit = body["max_tokens"]
        media = text.count("<")
        tokens = len(text) + (0 if self.drops else TOKENS_OF_A_MEDIUM * media)
        answer = {
            "choices": [
                {
                    "message": {"role": "assistant", "content": " ".join(words[:limit])},
                    "finish_reason": "length" if len(words) > limit else "stop",
                }
            ]
        }
        used = {"prompt_tokens": tokens, "completion_tokens": min(limit, len(words))}
        return answer | self.facts | ({"usage": used} if self.usage else {})

    def transcript(self, form: dict[str, Any]) -> dict[str, Any]:
        """The text for the sound by its number of frames, as its WAV file states it."""
        with wave.open(BytesIO(form["file"])) as sound:
            text = self.transcripts[sound.getnframes()]
        usage = {"type": "tokens", "input_tokens": 9, "output_tokens": len(text.split())}
        return {"text": text} | self.facts | ({"usage": usage} if self.usage else {})

    def fault(self, body: dict[str, Any]) -> Any:
        text = "" if "file" in body else said(body)
        with self.lock:
            for key, faults in self.script.items():
                if key in text and faults:
                    return faults.pop(0)
        return None


def own_address() -> str | None:
    """An address of this machine that is not its loopback, None where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # chooses an interface and sends nothing
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if address.startswith("127.") else address


@contextmanager
def serving(
    host: str = "127.0.0.1", chain: Path | None = None, port: int = 0
) -> Iterator[Endpoint]:
    """The endpoint, listening at `base` while the block runs; with a `chain` by https."""
    endpoint = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # as servers of models do

        def do_GET(self) -> None:
            page = endpoint.version if self.path == "/version" else endpoint.models
            self.send(404 if page is None else 200, json.dumps(page).encode())

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            kind = self.headers["Content-Type"]
            is_form = kind.startswith("multipart/form-data")
            body = form_fields(kind, raw) | {"path": self.path} if is_form else json.loads(raw)
            with endpoint.lock:
                endpoint.bodies.append(body)
                endpoint.headers.append(dict(self.headers))
                endpoint.times.append(time.monotonic())
                endpoint.flying += 1
                endpoint.most = max(endpoint.most, endpoint.flying)
            try:
                time.sleep(endpoint.delay)
                self.reply(endpoint.fault(body), body)
            finally:
                with endpoint.lock:
                    endpoint.flying -= 1

        def reply(self, fault: Any, body: dict[str, Any]) -> None:
            if fault is None and "file" in body:
                self.send(200, json.dumps(endpoint.transcript(body)).encode())
            elif fault is None:
                self.send(200, json.dumps(endpoint.answer(body)).encode())
            elif callable(fault):
                fault(self)
            elif fault == "hang":
                time.sleep(1.5)
                self.close_connection = True
            elif fault == "half":
                whole = json.dumps(endpoint.answer(body)).encode()
                self.send(200, whole[: len(whole) // 2], length=len(whole))
                self.close_connection = True
            elif isinstance(fault, tuple):
                status, headers, *said = fault
                raw = said[0] if said else b'{"error": {"message": "not\\nnow"}}'
                self.send(status, raw, headers=headers)
            else:
                self.send(200, fault if isinstance(fault, bytes) else json.dumps(fault).encode())

        def send(
            self, status: int, raw: bytes, headers: Any = None, length: int | None = None
        ) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw) if length is None else length))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer((host, port), Handler)
    if chain is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    endpoint.base = f"{'http' if chain is None else 'https'}://{host}:{server.server_port}/v1"
    with listening(server):
        yield endpoint

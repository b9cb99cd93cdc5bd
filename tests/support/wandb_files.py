"""Weights & Biases without a server: what the client wrote to a `.wandb` file.

The file is a log of LevelDB (github.com/google/leveldb/blob/main/doc/log_format.md) behind a header
of seven bytes: `:W&B`, a magic number and a version. Each entry is a protocol buffer `Record` of
`wandb/proto/wandb_internal.proto`.
"""

import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BLOCK, ENTRY_HEADER = 32_768, 7
FILE_HEADER = b":W&B"
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def entries(path: Path) -> Iterator[bytes]:
    """Yield the entries of a log, each put together from its fragments."""
    data = path.read_bytes()
    assert data.startswith(FILE_HEADER)
    at, parts = len(FILE_HEADER) + 3, b""
    while at < len(data):
        left = BLOCK - at % BLOCK
        if left < ENTRY_HEADER:
            at += left
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        at += ENTRY_HEADER
        parts += data[at : at + length]
        at += length
        if kind in (FULL, LAST):
            yield parts
            parts = b""
        else:
            assert kind in (FIRST, MIDDLE)


class OfflineRun:
    """A run in the folder `offline-run-*`: its configuration and its history.

    The parts of a nested key, such as `table/path`, are joined by slashes.
    """

    def __init__(self, folder: Path) -> None:
        from wandb.proto import wandb_internal_pb2

        messages: Any = wandb_internal_pb2
        self.folder = folder
        self.id = self.group = self.job_type = self.name = self.notes = ""
        self.tags: list[str] = []
        self.config: dict[str, Any] = {}
        self.history: list[dict[str, Any]] = []
        self.summary: dict[str, Any] = {}
        self.artifacts: dict[str, list[str]] = {}
        (path,) = folder.glob("*.wandb")
        for entry in entries(path):
            record = messages.Record()
            record.ParseFromString(entry)
            self._add(record)

    def _add(self, record: Any) -> None:
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run = record.run
            self.id, self.group, self.job_type = run.run_id, run.run_group, run.job_type
            self.name, self.notes, self.tags = run.display_name, run.notes, list(run.tags)
            self.config |= {item.key: json.loads(item.value_json) for item in run.config.update}
        elif kind == "history":
            self.history.append(_items(record.history.item))
        elif kind == "summary":
            self.summary |= _items(record.summary.update)
        elif kind == "artifact":
            files = [entry.path for entry in record.artifact.manifest.contents]
            self.artifacts[f"{record.artifact.type}:{record.artifact.name}"] = files

    def table(self, key: str) -> dict[str, Any]:
        """Return a logged table: its columns and its data."""
        (path,) = [row[f"{key}/path"] for row in self.history if f"{key}/path" in row]
        table: dict[str, Any] = json.loads((self.folder / "files" / path).read_text())
        return table


def _items(items: Any) -> dict[str, Any]:
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


def offline_runs(folder: Path) -> dict[str, OfflineRun]:
    """Return the runs below the folder `wandb` by id, once the client has written all of them."""
    import wandb

    wandb.teardown()
    runs = map(OfflineRun, folder.glob("wandb/offline-run-*"))
    return {run.id: run for run in runs}


def only_run(folder: Path) -> OfflineRun:
    """Return the only run below the folder `wandb`."""
    (run,) = offline_runs(folder).values()
    return run


def write_offline(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client write to `folder` without a server, and keep nothing of the user's."""
    import wandb

    wandb.teardown()  # it read the environment when it was first used
    monkeypatch.setattr(wandb, "run", None)  # a disabled run stays there
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    for name in ("CONFIG", "CACHE", "DATA"):
        monkeypatch.setenv(f"WANDB_{name}_DIR", str(folder / "client"))
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.setenv("NETRC", str(folder / "netrc"))
    monkeypatch.chdir(folder)

"""A plugin file with a model that logs what it computes, and that fails on request.

Its vectors are products with a matrix, so that their last bits depend on the batch.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

SOURCE = '''
import hashlib
import os
import signal
import time

import numpy as np

import mmbench

PROJECTION = np.random.default_rng(0).standard_normal((64, 96)).astype(np.float32)


@mmbench.register("model", "logged")
class Logged:
    """Random projections of bytes. `log` receives a line for each item that it begins to compute,
    `pids` one for each process that loads the model."""

    modalities = frozenset({"text", "image"})
    version = 1
    checkpoints = ("model.npz",)
    unhashed = ("log", "pids", "pause", "deadly", "broken")

    def __init__(
        self, folder, *, device, dtype, log="", pids="", pause=0.0, deadly="", broken=""
    ):
        if pids:
            with open(pids, "a") as file:
                file.write(f"{os.getpid()}\\n")
        self.log, self.pause, self.deadly, self.broken = log, pause, deadly, broken

    def embed(self, items, modality, role):
        if self.deadly and any(self.deadly in str(item) for item in items):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.broken and claim(self.broken):
            raise RuntimeError("this worker has a broken disk")
        raw = [item.encode() if isinstance(item, str) else item.tobytes() for item in items]
        rows = np.stack([features(one) for one in raw])
        if self.log:
            names = "".join(f"{hashlib.md5(one).hexdigest()}\\n" for one in raw)
            with open(self.log, "a") as log:
                log.write(names)
        time.sleep(self.pause)
        return rows @ PROJECTION


def features(raw):
    seed = int.from_bytes(hashlib.md5(raw).digest()[:8], "little")
    return np.random.default_rng(seed).standard_normal(64).astype(np.float32)


def claim(path):
    """Return whether this is the first process that asks."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True
'''


def write_plugin(folder: Path) -> Path:
    """Write the plugin file, and return its path."""
    file = folder / "logged_model.py"
    file.write_text(SOURCE)
    return file


def computed(log: Path) -> Counter[str]:
    """Return how many times each item was computed."""
    return Counter(log.read_text().split()) if log.exists() else Counter()


def living_workers(pids: Path) -> list[int]:
    """Return the Ray workers that loaded the model and still live."""
    if not pids.exists():
        return []
    return [pid for pid in map(int, pids.read_text().split()) if _is_worker(pid)]


def _is_worker(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"ray::")
    except OSError:
        return False

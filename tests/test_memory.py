"""Memory that runs out ends in one line that says what to do, and nothing computed is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmbench.cli import main
from tests.support.media.images import labelled_images
from tests.support.processes import run_python

PLUGIN = """
import os
import numpy as np
import mmbench

@mmbench.register("model", "{name}")
class Hungry:
    modalities = frozenset({{"image"}})
    version = 1
    labels = ["a", "b"]
    rows = 0

    def __init__(self, folder, *, device, dtype):
        if "{where}" == "load":
            self._exhaust()

    def prepare(self, item, modality):
        if "{where}" == "prepare" and Hungry.rows > 20:
            self._exhaust()
        return item

    def classify(self, items, modality):
        Hungry.rows += len(items)
        if "{where}" == "classify" and Hungry.rows > 20:
            self._exhaust()
        return np.zeros((len(items), 2), np.float32)

    def _exhaust(self):
        {exhaust}
"""
ERRORS = ("raise MemoryError", "raise RuntimeError('std::bad_alloc')", "np.ones((2**36, 2**20))")


def command(folder: Path, where: str, exhaust: str) -> list[str]:
    name = f"hungry-{where}-{len(exhaust)}"
    plugin = folder / f"{name.replace('-', '_')}.py"
    plugin.write_text(PLUGIN.format(name=name, where=where, exhaust=exhaust))
    data = labelled_images(folder, "ab" * 20)
    flags = ["-t", "labels", "--data", str(data), "--batch-size", "10"]
    flags += ["--device", "cpu"]
    out = ["--quiet", "--out", str(folder / "out")]
    return ["run", "--plugin", str(plugin), "-m", name, *flags, *out]


@pytest.mark.parametrize(
    ("where", "exhaust"), list(zip(("load", "prepare", "classify"), ERRORS, strict=True))
)
def test_memory_that_runs_out_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], where: str, exhaust: str
) -> None:
    assert main(command(tmp_path, where, exhaust)) == 2
    err = capsys.readouterr().err
    assert "mmbench: error: out of memory" in err and err.count("\n") == 1
    assert "--batch-size" in err if where != "classify" else "batch of one image" in err


NO_ROOM = """
import resource, mmap
from mmbench.memory import is_out_of_memory
with open("/proc/self/statm") as file:
    room = int(file.read().split()[0]) * resource.getpagesize() + (4 << 20)
resource.setrlimit(resource.RLIMIT_AS, (room, room))
for attempt in ("mmap.mmap(-1, 1 << 30)", "import numpy"):
    try:
        exec(attempt)
    except (OSError, ImportError) as error:
        print(type(error).__name__, is_out_of_memory(error))
"""


def test_no_room_for_a_map_or_a_library_is_out_of_memory() -> None:
    assert run_python(NO_ROOM).split() == ["OSError", "True", "ImportError", "True"]


LIMITED = """
import resource, sys
from mmbench.cli import main
import torch
with open("/proc/self/statm") as file:
    pages = int(file.read().split()[0])
room = pages * resource.getpagesize() + (600 << 20)
resource.setrlimit(resource.RLIMIT_AS, (room, room))
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_a_process_with_little_memory_goes_on_later(tmp_path: Path) -> None:
    run = command(tmp_path, "prepare", "os.environ.get('ROOM') or np.ones(2**30)")
    limited = subprocess.run(
        [sys.executable, "-c", LIMITED, *run], capture_output=True, text=True, timeout=120
    )
    assert limited.returncode == 2, limited.stderr
    assert "mmbench: error: out of memory" in limited.stderr
    assert "Traceback" not in limited.stderr
    # The same command, with memory enough for what is left.
    enough = subprocess.run(
        [sys.executable, "-m", "mmbench", *run, "--json"],
        capture_output=True, text=True, timeout=120, env=os.environ | {"ROOM": "1"},
    )  # fmt: skip
    (record,) = json.loads(enough.stdout)
    assert record["counts"]["cached"] > 0, enough.stderr

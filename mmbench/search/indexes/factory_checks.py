"""Checks of FAISS factory strings, made before an index is built in this process.

FAISS aborts the process for some strings. So a string that is not known to be harmless is first
tried in a separate process, on a few random vectors.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from functools import cache

import msgspec

from mmbench.errors import UserError
from mmbench.text import count

_WIDTHS = (192, 768, 896, 1152)  # dimensions tried before the model's dimension is known
_FEW = 300  # number of vectors in a trial
_MOST_CLUSTERS = 4096  # largest number of clusters that a trial trains
# Limits of a trial, after which the string is accepted: processor time, which other programs on the
# machine do not use up, and elapsed time.
_PROCESSOR_SECONDS = 10
_SECONDS = 60.0
_LONGEST = 200  # characters
_ADVICE = "use another index, e.g. Flat or HNSW32"

# Pattern of a number in the string, its description, and the smallest and largest valid value.
_BOUNDS = (
    (r"HNSW(\d+)", "the number of links of a vertex (HNSW)", 2, 1024),
    # With fewer than 24 links FAISS may never end.
    (r"NSG(\d+)", "the number of links of a vertex (NSG)", 24, 1024),
    (r"IVF(\d+)", "the number of clusters (IVF)", 1, 1 << 24),
    (r"PQ(\d+)", "the number of subquantizers (PQ)", 1, 1 << 16),
    (r"PQ\d+x(\d+)", "the number of bits of a subquantizer (PQ)", 1, 24),
    (r"nprobe=(-?\d+)", "nprobe", 1, 1 << 24),
    (r"efSearch=(-?\d+)", "efSearch", 1, 1 << 24),
)
_HARMLESS = re.compile(r"(Flat|HNSW\d+(,Flat)?|IVF\d+,Flat)(;(nprobe|efSearch)=\d+)?")
# Indexes that FAISS rejects at construction, if at all; training them takes many seconds.
_MADE = re.compile(r"(IVF\d+(_HNSW\d+)?,|HNSW\d+[,_])?PQ\d+(x\d+)?(;.*)?")


class Trial(msgspec.Struct):
    """A trial of an index in a separate process, on `size` random vectors with `width` dimensions.

    If `train` is false, the index is constructed and its parameters are set, but no vector is
    added. `seconds` is the limit of its processor time.
    """

    factory: str
    width: int
    size: int
    train: bool
    seconds: int = _PROCESSOR_SECONDS


def check_string(factory: str) -> None:
    """Raise UserError for a factory string that FAISS rejects for vectors of every usual width."""
    _check_bounds(factory)
    if _HARMLESS.fullmatch(factory):
        return
    faults = []
    size, train = _trial_size(factory, _FEW)
    for width in _WIDTHS:
        if not (fault := _fault(Trial(factory, width, size, train))):
            return
        faults.append(fault)
    if re.search(r"(PCA|OPQ|RR|ITQ)[A-Z]*[\d_]*\d{4}", factory) and "parse" not in faults[0]:
        return  # may need wider vectors than the trials use
    raise UserError(f"--index {factory}: {faults[0]}; {_ADVICE}")


def check_fit(factory: str, width: int, size: int) -> None:
    """Raise UserError if FAISS cannot build an index of `size` vectors with `width` dimensions."""
    check_size(factory, size)
    _check_bounds(factory)
    if _HARMLESS.fullmatch(factory):
        return
    if fault := _fault(
        Trial(factory, width, *_trial_size(factory, min(size, max(_FEW, 2 * width))))
    ):
        raise UserError(f"--index {factory}: {fault}; {_ADVICE}")


def check_size(factory: str, size: int) -> None:
    """Raise UserError if an index needs more than `size` vectors for training."""
    clusters = _clusters(factory)
    if size < clusters:
        raise UserError(
            f"--index {factory}: cannot train {clusters:,} clusters on"
            f" {count(size, 'document')}; {_ADVICE}"
        )


def _check_bounds(factory: str) -> None:
    if len(factory) > _LONGEST or not factory.isprintable() or not factory.isascii():
        start = factory[:40].encode("ascii", "backslashreplace").decode()
        raise UserError(
            f"--index {start!r}: not a factory string of FAISS; use at most {_LONGEST} ASCII"
            " characters"
        )
    for pattern, what, least, most in _BOUNDS:
        for number in re.findall(pattern, factory):
            if not least <= int(number) <= most:
                raise UserError(f"--index {factory}: {what} is {number}; use {least} to {most}")


def _clusters(factory: str) -> int:
    kind = factory.partition(";")[0]
    clusters = [int(lists) for lists in re.findall(r"IVF(\d+)", kind)]
    clusters += [2 ** int(bits or 8) for bits in re.findall(r"PQ\d+(?:x(\d+))?", kind)]
    return max(clusters, default=0)


def _trial_size(factory: str, size: int) -> tuple[int, bool]:
    """Return the number of vectors for a trial, and whether to add them to the index.

    The number is `size`, or the number of clusters of the index if that is larger.
    """
    clusters = _clusters(factory)
    train = clusters <= _MOST_CLUSTERS and not _MADE.fullmatch(factory)
    return max(size, clusters), train


@cache
def _try(encoded: bytes) -> str:
    """Run a trial in a separate process, and return why it failed; "" if it succeeded.

    `encoded` is the Trial as JSON.
    """
    argv = [sys.executable, "-m", "mmbench.search.indexes.trial"]
    # One thread: several threads would wait for each other on busy cores.
    env = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    try:
        process = subprocess.run(
            argv, input=encoded, capture_output=True, timeout=_SECONDS, check=False, env=env
        )
    except subprocess.TimeoutExpired:
        return ""
    if process.returncode == -signal.SIGXCPU:
        return ""
    lines = process.stderr.decode("utf-8", "replace").strip().splitlines()
    if process.returncode < 0:
        assertion = next((line for line in lines if "assertion" in line), "")
        reason = assertion.partition(" in ")[0] or f"signal {-process.returncode}"
        return f"FAISS aborts the process that builds this index ({reason})"
    if process.returncode:
        raise RuntimeError(f"the trial of an index failed: {lines[-1:]}")
    return process.stdout.decode()


def _fault(trial: Trial) -> str:
    return _try(msgspec.json.encode(trial))

"""The program that tries a FAISS index in a separate process.

It reads a `Trial` as JSON from stdin and writes the error of FAISS, or nothing, to stdout.
"""

from __future__ import annotations

import resource
import sys

import msgspec
import numpy as np

from mmbench.search.indexes.approximate import DEPTH, FaissIndex, make_index
from mmbench.search.indexes.factory_checks import Trial


def _refusal(trial: Trial) -> str:
    """Build the index of a trial; return the error of FAISS, or ""."""
    try:
        if trial.train:
            draws = np.random.default_rng(0)
            vectors = draws.standard_normal((trial.size, trial.width), np.float32)
            FaissIndex(vectors, trial.factory).nearest(vectors[:4], DEPTH)
        else:
            make_index(trial.width, trial.factory)
    except Exception as error:
        return str(error).removeprefix(f"--index {trial.factory}: ").partition("; use another")[0]
    return ""


def _main() -> None:
    trial = msgspec.json.decode(sys.stdin.buffer.read(), type=Trial)
    hardest = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (trial.seconds, hardest))
    sys.stdout.write(_refusal(trial))


if __name__ == "__main__":
    _main()

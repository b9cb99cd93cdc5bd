"""Where the repository lies, and where real data sets lie beside it on machines that have them."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared/data"


def real_data(name: str = "") -> Path:
    """Return the path of a real file or folder below DATA; skip the test where it is absent."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"real data absent: {path}")
    return path

"""Models that need an extra: without it they are listed, and the error names the package."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.command_line import refusal


@pytest.mark.parametrize(
    ("model", "library", "files"),
    [
        ("openclip", "open_clip", {"open_clip_config.json": b"{}", "open_clip_model.bin": b"1"}),
        ("timm", "timm", {"config.json": b"{}", "model.safetensors": b"1"}),
    ],
)
def test_a_missing_library_is_named_with_its_extra(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    model: str,
    library: str,
    files: dict[str, bytes],
) -> None:
    if find_spec(library) is not None:
        pytest.skip(f"{library} is here")
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    task = "shapes-retrieval" if model == "openclip" else "labels"
    said = refusal(capsys, "run", "-m", f"{model}@{tmp_path}", "-t", task)
    assert (
        said == f"mmbench: error: model {model} needs {library}: pip install 'mmbench[openclip]'\n"
    )

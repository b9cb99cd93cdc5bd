"""Libraries of extras are imported without output, or refused in one line."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import pytest

from mmbench.errors import MissingExtra, ModelError
from mmbench.models.support.library_messages import import_library, silent
from tests.support.errors import one_line_error


def test_a_library_that_is_not_installed() -> None:
    with one_line_error(MissingExtra, match=r"model x needs no_such: pip install 'mmbench\[y\]'"):
        import_library("no_such", "model x", "mmbench[y]")


def test_a_library_that_cannot_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """torchvision for CUDA fails like this next to a torch for the CPU."""
    text = "raise RuntimeError('operator torchvision::nms\\ndoes not exist')"
    (tmp_path / "mmbench_test_broken.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with one_line_error(ModelError) as caught:
        import_library("mmbench_test_broken", "model x", "mmbench[y]")
    assert str(caught.value) == (
        "model x cannot import mmbench_test_broken: RuntimeError: operator torchvision::nms does"
        " not exist; install torch and torchvision from the same index (docs/install.md)"
    )


def test_warnings_and_records_are_dropped_and_nothing_stays(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    before = list(logging.root.handlers)
    with silent():
        logging.warning("a record")
        warnings.warn("a warning", stacklevel=1)
    assert (capfd.readouterr(), caplog.records) == (("", ""), [])
    assert logging.root.handlers == before
    assert logging.root.manager.disable == logging.NOTSET
    with silent():
        logging.error("an error")
    assert [record.message for record in caplog.records] == ["an error"]

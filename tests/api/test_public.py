"""The names of the package: what is public, what an import loads, and the lists of names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import mmbench
from mmbench import registry
from mmbench.spec import task_files
from tests.support.processes import run_python

HEAVY = ("torch", "pandas", "numpy", "pyarrow", "datasets", "transformers", "matplotlib", "msgspec")


def test_an_import_loads_nothing_heavy() -> None:
    source = f"import sys, mmbench; print([n for n in {HEAVY!r} if n in sys.modules])"
    assert run_python(source).strip() == "[]"


def test_lists_load_no_models() -> None:
    source = (
        "import sys, mmbench; repr(mmbench.list_models()); repr(mmbench.list_tasks());"
        " print([n for n in ('torch', 'pandas', 'transformers', 'datasets') if n in sys.modules])"
    )
    assert run_python(source).strip() == "[]"


def test_every_public_name_exists() -> None:
    assert all(hasattr(mmbench, name) for name in mmbench.__all__)
    assert set(mmbench.__all__) <= set(dir(mmbench))


def test_run_is_called_evaluate() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'run'; use mmbench\.evaluate\(MODEL"):
        _ = mmbench.run  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"no attribute 'evalute'$"):
        _ = mmbench.evalute  # type: ignore[attr-defined]
    assert not hasattr(mmbench, "run")


def test_models_with_their_descriptions() -> None:
    models = mmbench.list_models()
    assert list(models) == sorted(registry.names("model"))
    assert models["clip-nano"] == registry.summary("model", "clip-nano")
    assert "clip-nano" in models and "clop" not in models
    frame = models.to_frame()
    assert dict(zip(frame["name"], frame["description"], strict=True)) == dict(models)


def test_tasks_with_their_descriptions(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("include: answers\nsummary: <b>my task\n")
    tasks = mmbench.list_tasks([tmp_path])
    assert list(tasks) == sorted(task_files([str(tmp_path)]))
    assert tasks["mine"] == "<b>my task"
    assert "mine" not in mmbench.list_tasks()
    lines = repr(tasks).split("\n")
    assert len(lines) == 10 and lines[0] == f"{len(tasks)} tasks"
    assert max(map(len, lines)) <= 80
    html = tasks._repr_html_()
    assert "&lt;b&gt;my task" in html and html.count("<tr>") == len(tasks) + 1


def test_frames_need_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        mmbench.MmbenchError, match=r"needs pandas: pip install 'mmbench\[frames]'$"
    ):
        mmbench.list_models().to_frame()

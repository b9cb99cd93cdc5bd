"""Parts of plugins that do not fit together are refused in one line that says what to change."""

from pathlib import Path

import pytest

import mmbench
from mmbench import registry
from mmbench.datasets import Samples
from mmbench.engine.options import RunSettings
from mmbench.engine.run import run
from mmbench.errors import UserError
from mmbench.kinds.writing import Writing
from mmbench.selftest.checks import selftest
from mmbench.types import GeneratedText, Requests, Sample

TASK = """
kind: misfit
data: {source: misfit}
fields: {question: question}
metrics: [exact_match]
headline: exact_match
"""


class Whole(Samples):
    """Samples that are compared with each other: there are no shards."""

    def shards(self) -> list[Samples]:
        return [self]


class Writer:
    modalities = frozenset({"text"})

    def __init__(self, folder, *, device, dtype):
        pass

    def write(self, conversations, options):
        return [GeneratedText("yes") for _ in conversations]


@pytest.fixture
def task(own_plugins: None, tmp_path: Path) -> str:
    """Return the file of a task whose kind takes data without shards."""
    samples = [Sample(f"{n}", {"question": f"{n}?"}, "yes") for n in range(3)]
    mmbench.register("data", "misfit")(lambda root: Whole(samples))
    mmbench.register("kind", "misfit")(type("Misfit", (Writing,), {"dataset": Whole}))
    path = tmp_path / "misfit.yaml"
    path.write_text(TASK)
    return str(path)


def test_a_self_test_asks_the_probe_only_for_embeddings(task: str) -> None:
    checks = {check.what: check.passed for check in selftest(task, RunSettings(device="cpu"))}
    assert checks["a corrupt sample is counted as failed"]


def test_a_class_that_makes_another_object_is_no_model(task: str) -> None:
    class Other(Writer):
        def __new__(cls, *args, **kwargs):
            return object()

    mmbench.register("model", "other")(Other)
    with pytest.raises(UserError, match=r"model other: Other\(…\) returned a object"):
        run("other", task, RunSettings(device="cpu"))


def test_a_kind_asks_for_what_it_needs(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mmbench.register("model", "writer")(Writer)
    asked = {"sample": Requests(["0?", "1?", "2?"], "text")}
    monkeypatch.setattr(
        registry.lookup("kind", "misfit"), "requests", lambda self, data, seed: asked
    )
    with pytest.raises(UserError, match=r"'sample' call embed, but its needs.. declares write"):
        run("writer", task, RunSettings(device="cpu"))

"""Names load nothing; two things under one name is an error; unknown names get near ones."""

import functools
import subprocess
import sys
from pathlib import Path

import pytest

from mmbench import metric_names, registry
from mmbench.errors import UnknownName, UserError

HEAVY = [
    "torch",
    "torchmetrics",
    "numpy",
    "transformers",
    "pandas",
    "PIL",
    "datasets",
    "faiss",
    "rich",
    "yaml",
    "wandb",
    "mlflow",
]


@pytest.mark.parametrize(
    "what", ["models", "tasks", "metrics", "kinds", "data", "trainers", "reporters"]
)
def test_listing_loads_nothing_heavy(what: str) -> None:
    heavy = HEAVY if what != "metrics" else [m for m in HEAVY if m != "numpy"]  # as they declare
    code = (
        f"import sys; from mmbench.cli import main; main(['list', {what!r}]);"
        f"print(*[m for m in {heavy!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip()
    assert done.stderr.split() == []


def test_unknown_names_get_the_near_ones() -> None:
    with pytest.raises(UnknownName, match="unknown model 'clpi': did you mean clip"):
        registry.lookup("model", "clpi")


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("model", "xyz", "unknown model 'xyz': `mmbench list models` shows all"),
        ("model", "CLIP-Nano", "did you mean clip-nano? `mmbench list"),
        (
            "metric",
            "wer",
            "unknown metric 'wer': did you mean wer[basic], wer[multilingual], wer[none], wer[open",
        ),
        (
            "metric",
            "wer[swedish]",
            "did you mean wer[basic], wer[multilingual], wer[none], wer[open_asr_2026], wer[whis",
        ),
        ("metric", "recall", "did you mean recall@k? k is a positive integer"),
        ("metric", "qqq", "unknown metric 'qqq': `mmbench list metrics` shows all"),
    ],
)
def test_names_that_are_not_near_are_not_suggested(kind: str, name: str, message: str) -> None:
    with pytest.raises(UnknownName) as caught:
        metric_names.metric(name) if kind == "metric" else registry.lookup(kind, name)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (["train", "val"], "unknown split 'zzz': known: train, val"),  # few: all of them
        ([f"split-{n}" for n in range(20)], "unknown split 'zzz'"),  # many: none of them
        ([], "unknown split 'zzz': none exist"),
    ],
)
def test_a_few_names_are_listed_in_full(known: list[str], message: str) -> None:
    assert str(UnknownName("split", "zzz", known)) == message


@pytest.mark.parametrize(
    "name",
    ["recall", "recall@", "recall@0", "recall@x", "map@x", "wer[swedish]", "fid", "fid@", "@k"],
)
def test_a_metric_that_is_none(name: str) -> None:
    with pytest.raises(UnknownName):
        metric_names.metric(name)


@pytest.mark.parametrize("kind", ["model", "metric", "data", "kind", "trainer", "reporter"])
def test_every_built_in_imports_and_has_a_summary(kind: str) -> None:
    for name in registry.names(kind):
        assert callable(registry.lookup(kind, name))
        assert registry.summary(kind, name)


def test_a_second_registration_shows_both(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("import mmbench\n@mmbench.register('model', 'clip')\nclass Mine: pass\n")
    with pytest.raises(
        UserError, match=r"two models are called 'clip' \(mmbench.models.contrastive.clip:Clip"
    ):
        registry.load_plugin(str(file))


def test_a_partial_belongs_to_the_module_of_its_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its source is part of the model; that of `functools` is not."""
    monkeypatch.setitem(registry._plugins, "model", {})
    registry.register("model", "part")(functools.partial(Path))
    plugin = registry.plugin("model", "part")
    assert plugin is not None
    assert (plugin.owner, plugin.module) == ("pathlib", sys.modules["pathlib"])


def test_a_plugin_that_is_no_python_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "broken_plugin.py"
    file.write_text("def (")
    with pytest.raises(
        UserError, match=r"cannot be imported: invalid syntax \(broken_plugin.py, line 1"
    ):
        registry.load_plugin(str(file))


def test_a_plugin_that_is_not_there() -> None:
    with pytest.raises(UserError, match="no such Python file"):
        registry.load_plugin("nowhere.py")


def test_names_of_any_length_make_a_short_message() -> None:
    message = str(UnknownName("label", "x" * 100_000, ["y" * 100_000, "z"]))
    assert len(message) < 500
    assert message.endswith("…, z")

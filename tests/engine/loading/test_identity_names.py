"""A model is known by its registered name and version, wherever its class and its source lie."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import mmbench
from mmbench import registry
from mmbench.builtin import TABLES
from mmbench.checkpoints.resolve import Checkpoint
from mmbench.engine.identity import model_info
from mmbench.engine.loading.models.resolver import ModelResolver, find
from mmbench.errors import ModelError
from mmbench.storage.content_keys import ContentKeys, cache_folder
from mmbench.types import ModelInfo, RunRecord
from tests.support.boards import score_values
from tests.support.layouts.coco import make_coco

NUMBERS = count()
COLOURS = """
import numpy as np

class Colours:
    modalities = frozenset({"text", "image"})
    version = 1

    def __init__(self, folder, *, device, dtype, size=1):
        self.size = size

    def embed(self, items, modality, role):
        one = self.text if modality == "text" else self.image
        return np.stack([one(item) for item in items]).astype(np.float32)

    def text(self, text):
        return 0.01 + np.array([text.count(name) for name in ("red", "green", "blue")])

    def image(self, image):
        return np.asarray(image, np.float32).mean(axis=(0, 1)) / 255
"""


@pytest.fixture
def name() -> Iterator[str]:
    """Yield a name for a model of the test."""
    one = f"colours-{next(NUMBERS)}"
    yield one
    registry._plugins["model"].pop(one, None)


def info(text: str, **options: Any) -> ModelInfo:
    with ContentKeys(cache_folder()) as keys:
        return find(text, ModelResolver(keys, device="cpu"), options).info


def build_in(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, source: str) -> None:
    """Write a module of a new name into a folder, and enter its class into the table of models."""
    module = f"colours_{next(NUMBERS)}"
    folder.mkdir(exist_ok=True)
    (folder / f"{module}.py").write_text(source)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setitem(TABLES["model"], name, (f"{module}:Colours", "mean colours"))


def plug_in(file: Path, name: str, source: str) -> None:
    """Write a plugin file and load it, in place of another one that had the name."""
    registry._plugins["model"].pop(name, None)
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"import mmbench\n{source}\nmmbench.register('model', '{name}')(Colours)\n")
    registry.load_plugin(str(file))


def computed(record: RunRecord) -> tuple[int, int]:
    return record.counts["computed"], record.counts["cached"]


def test_a_class_that_moves_to_another_module_gets_its_cached_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    data = make_coco(tmp_path / "coco")
    records = []
    for folder in ("old", "new"):
        build_in(monkeypatch, tmp_path / folder, name, COLOURS)
        records.append(mmbench.evaluate(name, "coco-retrieval", data=data, device="cpu").record)
    first, second = records
    assert [computed(record) for record in records] == [(12 + 6, 0), (0, 12 + 6)]
    assert (first.model, score_values(first)) == (second.model, score_values(second))
    assert second.model.adapter == f"{name}@1"


def test_a_raised_version_computes_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    data = make_coco(tmp_path / "coco")
    for version in (1, 2):
        source = COLOURS.replace("version = 1", f"version = {version}")
        build_in(monkeypatch, tmp_path / "modules", name, source)
        record = mmbench.evaluate(name, "coco-retrieval", data=data, device="cpu").record
        assert (computed(record), record.model.adapter) == ((18, 0), f"{name}@{version}")


def test_a_changed_source_of_a_plugin_computes_anew_and_a_renamed_file_does_not(
    tmp_path: Path, name: str
) -> None:
    data = make_coco(tmp_path / "coco")
    counts = []
    for file, source in (("a.py", COLOURS), ("z.py", COLOURS), ("z2.py", COLOURS + "# edited\n")):
        plug_in(tmp_path / file, name, source)
        record = mmbench.evaluate(name, "coco-retrieval", data=data, device="cpu").record
        counts.append(computed(record))
    assert counts == [(18, 0), (0, 18), (18, 0)]


def test_where_the_files_of_a_plugin_lie_is_no_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The helper lies before the plugin in the order of paths, and then behind it."""
    helper, hashes = f"helper_{next(NUMBERS)}", set()
    for file, beside in (("m/a.py", "m"), ("m/z.py", "m"), ("n/y.py", "a"), ("n/z.py", "z")):
        (tmp_path / beside).mkdir(exist_ok=True)
        (tmp_path / beside / f"{helper}.py").write_text("x = 1\n")
        with monkeypatch.context() as context:
            context.syspath_prepend(str(tmp_path / beside))
            plug_in(tmp_path / file, name, f"import {helper}{COLOURS}")
            hashes.add(info(name).hash)
            del sys.modules[helper]
    assert len(hashes) == 1


NAMES = """
import functools
mmbench.register("model", "NAME-again")(Colours)
mmbench.register("model", "NAME-2")(functools.partial(Colours, size=2))
mmbench.register("model", "NAME-3")(functools.partial(Colours, size=3))
"""


def test_each_name_of_a_class_is_a_model(tmp_path: Path, name: str) -> None:
    plug_in(tmp_path / "plugin.py", name, COLOURS + NAMES.replace("NAME", name))
    models = [name, *(f"{name}-{end}" for end in ("again", "2", "3"))]
    found = {one: info(one) for one in models}
    assert [found[one].adapter for one in models] == [f"{one}@1" for one in models]
    assert [found[one].options for one in models] == [{}, {}, {"size": 2}, {"size": 3}]
    assert len({one.hash for one in found.values()}) == 4
    assert info(f"{name}-2", size=5).hash not in {one.hash for one in found.values()}


CHOICE = """
import os
mmbench.register("model", "NAME")(Colours if os.environ["WHICH"] == "1" else Other)
"""


def test_which_class_of_its_source_a_plugin_registers_is_part_of_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry point may name another class of the same files."""
    other = f"{COLOURS}\nclass Other(Colours): pass\n{CHOICE}"
    name, hashes = f"which-{next(NUMBERS)}", set()
    for which in ("1", "2"):
        monkeypatch.setenv("WHICH", which)
        file = tmp_path / f"plugin_{which}.py"
        file.write_text(f"import mmbench\n{other.replace('NAME', name)}")
        registry.load_plugin(str(file))
        hashes.add(info(name).hash)
        del registry._plugins["model"][name]
    assert len(hashes) == 2


def test_a_version_may_be_a_text_and_is_0_unless_declared(tmp_path: Path, name: str) -> None:
    for line, version in (("version = '2025-11b'", "2025-11b"), ("", "0")):
        source = COLOURS.replace("version = 1", line)
        plug_in(tmp_path / f"plugin_{version}.py", name, source)
        assert info(name).adapter == f"{name}@{version}"
        assert info(f"frames+{name}").adapter == f"{name}@{version}"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("version = 1.5", "1.5"),
        ("version = None", "None"),
        ("version = (1, 2)", "(1, 2)"),
        ("version = property(lambda self: 1)", "a property"),
        ("version = classmethod(lambda cls: 1)", "a method"),
    ],
)
def test_another_version_is_refused(tmp_path: Path, name: str, line: str, shown: str) -> None:
    plug_in(tmp_path / "plugin.py", name, COLOURS.replace("version = 1", line))
    with pytest.raises(ModelError) as raised:
        info(name)
    assert str(raised.value) == (
        f"model {name}: its version is {shown}; declare an int or a str in its class, such as"
        " version = 1"
    )


class Pinned:
    version = 3


def test_the_identity_of_a_model_is_pinned() -> None:
    """Another value makes every cached answer and every row of a board that of another model."""
    checkpoint = Checkpoint("runs/a", Path("runs/a"), None, "0123456789abcdef")
    found = model_info(
        "pinned", Pinned, checkpoint, {"size": 2}, "float32", source=[b"x"], parts=["identity:a"]
    )
    assert (found.hash, found.adapter) == ("fe087e4442ca9ff2d4cd161b931f3341", "pinned@3")


def test_the_identities_of_plugins_and_of_models_of_models_are_pinned(tmp_path: Path) -> None:
    plug_in(tmp_path / "plugin.py", "pinned", COLOURS)
    late = tmp_path / "late.yaml"
    late.write_text("late: [{adapter: pinned}, {adapter: pinned, options: {size: 2}, weight: 2}]\n")
    texts = ("pinned", "frames+pinned", str(late))
    assert {Path(text).stem: info(text).hash for text in texts} == {
        "pinned": "57edccda673dceda7e8e78f77d670101",
        "frames+pinned": "61265586ab2ee6efe62a7468d71ff2ce",
        "late": "4ecb0268593a8a80b2155c7461286537",
    }
    del registry._plugins["model"]["pinned"]

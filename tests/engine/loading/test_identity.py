"""A model's identity covers what can change its answers; what it cannot cover is not cached.

Each test changes one thing that a model reads, and keeps what a naive cache looks at: the name of
the file, its size, and where it can its times.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmbench
from mmbench import registry
from mmbench.engine.loading.models.model_cache import ModelCache
from mmbench.engine.loading.models.resolver import Model, ModelResolver, find
from mmbench.engine.progress import Silent
from mmbench.errors import ModelError, UserError
from mmbench.storage.content_keys import ContentKeys, cache_folder
from tests.support import toy_models
from tests.support.documents import fenced_blocks
from tests.support.files import write_file
from tests.support.layouts.coco import make_coco
from tests.support.media.images import save_image
from tests.support.paths import ROOT

NUMBERS = count()

PLUGIN = """
import os
from pathlib import Path

import mmbench

@mmbench.register("model", "NAME")
class Mine:
    modalities = frozenset({"text", "image"})
    checkpoints = (".pt", "model.bin")
    BODY

    def __init__(self, folder, *, device, dtype, path="", more=(), size=1):
        self.path, self.folder = path, folder

    def embed(self, items, modality, role):
        return [[1.0]] * len(items)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory inside the home folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    return folder


@pytest.fixture
def mine(tmp_path: Path) -> str:
    """The name of a model in a plugin file of its own."""
    return plugin(tmp_path / "plugins")


def plugin(folder: Path, body: str = "", text: str = PLUGIN) -> str:
    """Load a plugin file; return the name of its model."""
    name = f"mine-{next(NUMBERS)}"
    folder.mkdir(exist_ok=True)
    file = folder / f"{name.replace('-', '_')}.py"
    file.write_text(text.replace("NAME", name).replace("BODY", body))
    registry.load_plugin(str(file))
    return name


def found(text: str, **options: Any) -> Model:
    with ContentKeys(cache_folder()) as keys:
        return find(text, ModelResolver(keys, device="cpu"), options)


def identity(text: str, **options: Any) -> str:
    model = found(text, **options)
    assert model.uncached == ""
    return model.info.hash


FORMS: dict[str, tuple[str, Any]] = {
    "file": ("w.npy", "w.npy"),
    "file without a suffix": ("weights", "weights"),
    "dotted path": ("w.npy", "./w.npy"),
    "folder": ("runs/a/any/layer.unknown", "runs/a"),
    "earlier step in a folder": ("runs/a/checkpoint-500/w.pt", "runs/a"),
    "home": ("../w.npy", "~/w.npy"),
    "variable": ("../w.npy", "$HOME/w.npy"),
    "Path": ("w.npy", Path("w.npy")),
    "list": ("b.pt", ["a.pt", "b.pt"]),
    "nested": ("w.pt", {"adapters": [{"path": "w.pt", "scale": 0.5}]}),
    "tuple": ("w.pt", ("w.pt", 1)),
    "list in a text": ("b.pt", "a.pt, b.pt"),
    "name and path": ("lora.bin", "style=lora.bin:0.5"),
    "prefix": ("model.ckpt.data-00000-of-00001", "model.ckpt"),
    "external data": ("m.onnx.data", "m.onnx"),
    "shard": ("m-00002-of-00002.gguf", "m-00001-of-00002.gguf"),
    "prefix of shards": ("m-00002-of-00002.gguf", "m"),
    "pattern": ("shards/a.npz", "shards/*.npz"),
    "template": ("net-0.npz", "net-{rank}.npz"),
    "key of a mapping": ("w.pt", {"w.pt": 0.5}),
    "JSON": ("w.pt", '{"lora": "w.pt"}'),
    "command line": ("w.pt", "--lora w.pt --scale 2"),
    "sum": ("w.pt", "0.3*a.pt + w.pt"),
    "state of a scaler": ("runs/a/scaler.pt", "runs/a"),
}


@pytest.mark.parametrize(("file", "value"), FORMS.values(), ids=FORMS)
def test_a_file_that_an_option_names_is_part_of_the_model(
    here: Path, mine: str, file: str, value: Any
) -> None:
    for name in ("a.pt", "m.onnx", "m-00001-of-00002.gguf"):
        write_file(here / name, b"the same all along")
    write_file(here / file, b"step 1")
    before = identity(mine, path=value)
    assert identity(mine, path=value) == before
    write_file(here / file, b"step 2")
    assert identity(mine, path=value) != before


def test_so_is_a_file_uri(here: Path, mine: str) -> None:
    write_file(here / "w.pt", b"step 1")
    uri = (here / "w.pt").as_uri()
    before = identity(mine, path=uri)
    write_file(here / "w.pt", b"step 2")
    assert identity(mine, path=uri) != before


def test_so_are_links_to_files_and_folders(here: Path, mine: str) -> None:
    for step in ("1", "2"):
        write_file(here / f"step-{step}/w.pt", f"step {step}".encode())
    seen = set()
    for step in ("1", "2"):
        for link, target in (("latest", f"step-{step}"), ("w.pt", f"step-{step}/w.pt")):
            (here / link).unlink(missing_ok=True)
            (here / link).symlink_to(target)
            seen.add((link, identity(mine, path=link)))
    assert len(seen) == 4


@pytest.mark.parametrize("behind", ["adapter", "frames", "late"])
def test_so_are_options_in_model_files(here: Path, mine: str, behind: str) -> None:
    one: dict[str, Any] = {"adapter": mine, "options": {"more": ["w.pt"]}}
    framed = {**one, "adapter": f"frames+{mine}"}
    file = {"adapter": one, "frames": framed, "late": {"late": [one, {"adapter": mine}]}}[behind]
    write_file(here / "m.yaml", file)
    write_file(here / "w.pt", b"step 1")
    before = identity("m.yaml")
    write_file(here / "w.pt", b"step 2")
    assert identity("m.yaml") != before


def test_so_are_the_defaults_of_options(here: Path, tmp_path: Path) -> None:
    text = PLUGIN.replace('path=""', 'path="runs/latest"').replace("size=1", "size=len")
    name = plugin(tmp_path / "plugins", text=text)
    write_file(here / "runs/latest/w.pt", b"step 1")
    before = identity(name)
    write_file(here / "runs/latest/w.pt", b"step 2")
    assert identity(name) != before
    assert identity(name, path="other") == identity(name, path="other")


def test_a_value_that_names_no_file_is_a_text(here: Path, mine: str) -> None:
    long = "You are a judge. " * 400
    for value in ("a word", long, "x" * 300, "nul\0", "~nobody/x", "owner/name", 3, None, ""):
        assert identity(mine, path=value) == identity(mine, path=value)
    before = identity(mine, path="tokens: a, b")
    write_file(here / "other.pt", b"step 1")
    assert identity(mine, path="tokens: a, b") == before


def test_a_file_that_cannot_be_read_names_the_option(here: Path, mine: str) -> None:
    """Reading /proc/self/mem from its start is an error for every user, root as well."""
    assert here.exists()
    with pytest.raises(ModelError, match=r"option path\.0=/proc/self/mem: cannot read"):
        found(mine, path=["/proc/self/mem"])


@pytest.mark.parametrize("value", [".", "..", "~", "/"])
def test_a_folder_around_this_one_is_not_hashed_and_not_cached(
    here: Path, mine: str, value: str
) -> None:
    """The run itself writes into it, and what lies in it has no end."""
    assert here.exists()
    reason = f"option path={value} is a folder around the working or home folder"
    assert found(mine, path=value).uncached == reason


class Net:
    """Stands for a network in memory: its type and its text say nothing of its weights."""

    def __repr__(self) -> str:
        return "Net(2 layers)"


def test_a_live_object_in_an_option_is_not_cached(mine: str) -> None:
    for value in (Net(), np.zeros(3), {"net": [Net()]}, {1, 2}, len):
        model = found(mine, path=value)
        assert "is a live object" in model.uncached
        json.dumps(model.info.options)  # a record can hold it
    assert found(mine, path=Net()).info.options == {"path": "<Net>"}


def test_a_live_object_may_declare_what_it_is(mine: str) -> None:
    class Known(Net):
        step = 1

        def identity(self) -> str:
            return f"step {self.step}"

    net = Known()
    before = identity(mine, path=net)
    assert identity(mine, path=net) == before
    net.step = 2
    assert identity(mine, path=net) != before


@pytest.fixture
def live() -> Iterator[type]:
    """A class that a program registers, its weights in memory."""

    class Live(toy_models.Means):
        identity: Any
        weights = np.eye(3)

        def embed(self, items: list[object], modality: str, role: str) -> np.ndarray:
            vectors = super().embed(items, modality, role)
            return vectors if modality == "image" else vectors @ Live.weights

    Live.identity = toy_models.Means.identity
    mmbench.register("model", "live")(Live)
    yield Live
    del registry._plugins["model"]["live"]


def undeclare(live: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(toy_models.Means, "identity")
    del live.identity  # type: ignore[attr-defined]


def evaluate(folder: Path) -> Any:
    return mmbench.evaluate("live", "coco-retrieval", data=folder, device="cpu").record


def test_a_training_loop_measures_each_step(
    tmp_path: Path, live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Colours rotated by one match no caption: the second step may not have the first's scores."""
    undeclare(live, monkeypatch)
    data = make_coco(tmp_path / "coco")
    first = evaluate(data)
    live.weights = np.roll(np.eye(3), 1, axis=0)
    second = evaluate(data)
    name = "recall@1[text-to-image]"
    assert first.scores[name].value > second.scores[name].value
    assert (first.counts["computed"], first.counts["cached"]) == (12 + 6, 0)
    assert (second.counts["computed"], second.counts["cached"]) == (12 + 6, 0)


def test_what_is_not_cached_leaves_no_journal(
    tmp_path: Path, live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    undeclare(live, monkeypatch)
    assert evaluate(make_coco(tmp_path / "coco")).counts["computed"] == 18
    gc.collect()
    assert list((cache_folder() / "journal").iterdir()) == []


@pytest.mark.parametrize("declared", ["text", "method"])
def test_a_declared_identity_is_cached_until_it_changes(
    tmp_path: Path, live: Any, declared: str
) -> None:
    step = "1"
    data = make_coco(tmp_path / "coco")

    def declare() -> None:
        method = classmethod(lambda cls, **options: f"step {step} {options}")
        live.identity = f"step {step}" if declared == "text" else method

    declare()
    assert evaluate(data).counts["cached"] == 0
    assert evaluate(data).counts["computed"] == 0
    step = "2"
    declare()
    assert evaluate(data).counts["cached"] == 0


def test_an_identity_of_none_is_never_cached(tmp_path: Path, live: Any) -> None:
    live.identity = None
    data = make_coco(tmp_path / "coco")
    assert [evaluate(data).counts["computed"] for _ in range(2)] == [18, 18]
    name = plugin(tmp_path / "plugins", "identity = None")
    assert found(name).uncached == "its `identity` is None"


@pytest.mark.parametrize("body", ["identity = 3", "@property\n    def identity(self): return 'a'"])
def test_an_identity_that_cannot_be_read_is_refused(tmp_path: Path, body: str) -> None:
    with pytest.raises(ModelError, match="declare a str, or a classmethod"):
        found(plugin(tmp_path / "plugins", body))


def test_the_model_in_memory_is_that_of_the_files(here: Path, mine: str) -> None:
    held, loaded = ModelCache(), []
    for raw in (b"step 1", b"step 1", b"step 2"):
        write_file(here / "w.pt", raw)
        loaded.append(held.get(found(mine, path="w.pt"), "cpu", Silent()))
    assert loaded[0] is loaded[1]
    assert loaded[1] is not loaded[2]


def test_a_live_model_in_memory_is_loaded_again(mine: str) -> None:
    held = ModelCache()
    model = found(mine, path=Net())
    first = held.get(model, "cpu", Silent())
    assert held.get(model, "cpu", Silent()) is first
    assert held.get(found(mine, path=Net()), "cpu", Silent()) is not first


@pytest.mark.parametrize("change", ["overwritten", "deleted", "touched"])
def test_weights_that_change_before_they_are_loaded(here: Path, mine: str, change: str) -> None:
    """Answers of the new weights would be kept under the hash of the old ones."""
    file = write_file(here / "w.pt", b"step 1")
    model = found(mine, path="w.pt")
    if change == "touched":
        os.utime(file, (0, 0))
        loaded: Any = model.load("cpu")
        assert loaded.path == "w.pt"
        return
    if change == "deleted":
        file.unlink()
    else:
        write_file(file, b"step 2")
    with pytest.raises(ModelError, match=r"w\.pt (changed|was deleted) while it was being loaded"):
        model.load("cpu")


def test_a_plugin_takes_the_checkpoints_that_it_lists(here: Path, mine: str) -> None:
    file = write_file(here / "best.pt", b"step 1")
    model = found(f"{mine}@best.pt")
    loaded: Any = model.load("cpu")
    assert loaded.folder == Path("best.pt")
    write_file(here / "ct2/model.bin", b"step 1")
    whole = identity(f"{mine}@ct2")
    write_file(here / "ct2/vocabulary.txt", b"a")
    assert identity(f"{mine}@ct2") != whole
    write_file(file, b"step 2")
    assert identity(f"{mine}@best.pt") != model.info.hash
    write_file(here / "best.onnx", b"step 1")
    with pytest.raises(
        ModelError, match=rf"model {mine}: .*best\.onnx is a file.*\.pt, model\.bin"
    ):
        found(f"{mine}@best.onnx")


SOURCES: dict[str, tuple[str, str]] = {
    "import": ("import helper_NUMBER", "helper_NUMBER.py"),
    "import in a function": ("def late(self): import helper_NUMBER", "helper_NUMBER.py"),
    "from a package": ("from package_NUMBER.net import x", "package_NUMBER/net.py"),
    "module of a package": ("from package_NUMBER import net", "package_NUMBER/net.py"),
    "init of a package": ("import package_NUMBER.net", "package_NUMBER/__init__.py"),
    "behind a helper": ("import helper_NUMBER", "behind_NUMBER.py"),
    "weights beside": ("weights = 'net.npz'", "net.npz"),
    "import by name": (
        "import importlib; importlib.import_module('helper_NUMBER')",
        "helper_NUMBER.py",
    ),
    "joined": ("file = Path(__file__).parent / 'weights' / 'net.npz'", "weights/net.npz"),
    "folder": ("folder = Path(__file__).parent / 'weights'", "weights/net.npz"),
    "os.path.join": ("file = os.path.join(os.path.dirname(__file__), 'w', 'a.pt')", "w/a.pt"),
    "f-string": ("files = [f'net-{n}.npz' for n in range(3)]", "net-1.npz"),
    "pattern": ("files = 'w/*.npz'", "w/a.npz"),
    "prompt": ("text = Path(__file__).with_name('prompt.txt')", "prompt.txt"),
    "configuration": ("file = 'settings.json'", "settings.json"),
    "code that is run": ("file = 'lib/more.py'", "lib/more.py"),
}


@pytest.mark.parametrize(("body", "changed"), SOURCES.values(), ids=SOURCES)
def test_a_plugin_is_its_source_and_what_that_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, changed: str
) -> None:
    """Two versions of the same files, as two processes would find them."""
    monkeypatch.chdir(tmp_path)
    number, hashes = str(next(NUMBERS)), set()
    for version in ("1", "2"):
        folder = tmp_path / version
        write_file(folder / f"package_{number}/__init__.py", b"")
        write_file(folder / f"package_{number}/net.py", b"x = 1")
        write_file(folder / f"behind_{number}.py", b"x = 1")
        write_file(folder / f"helper_{number}.py", f"import behind_{number}".encode())
        write_file(folder / changed.replace("NUMBER", number), f"x = {version}".encode())
        with monkeypatch.context() as context:
            context.syspath_prepend(str(folder))
            text = PLUGIN.replace("BODY", body.replace("NUMBER", number))
            file = write_file(folder / "plugin.py", text.replace("NAME", "versioned").encode())
            registry.load_plugin(str(file))
            hashes.add(identity("versioned"))
            del registry._plugins["model"]["versioned"]
            for name in [n for n in sys.modules if f"_{number}" in n]:
                del sys.modules[name]
    assert len(hashes) == 2


FACTORY = """
import mmbench

def make(size):
    class Mine:
        modalities = frozenset({"text"})
        def __init__(self, folder, *, device, dtype): pass
        def embed(self, items, modality, role): return [[size]] * len(items)
    return Mine

for size in (1, 2):
    mmbench.register("model", f"NAME-{size}")(make(size))
"""


def test_classes_that_one_function_makes_are_not_one_model(tmp_path: Path) -> None:
    name = plugin(tmp_path / "plugins", text=FACTORY)
    assert identity(f"{name}-1") != identity(f"{name}-2")


def test_plugin_files_of_one_name_keep_their_own_source(tmp_path: Path) -> None:
    """Both are called plugin.py, and so are their modules."""
    hashes = []
    for number in (1, 2):
        name = f"twin-{next(NUMBERS)}"
        text = PLUGIN.replace("BODY", f"number = {number}").replace("NAME", name)
        file = write_file(tmp_path / str(number) / "plugin.py", text.encode())
        registry.load_plugin(str(file))
        hashes.append((name, identity(name)))
    assert [identity(name) for name, _ in hashes] == [one for _, one in hashes]
    assert hashes[0][1] != hashes[1][1]


def test_a_plugin_that_was_edited_is_not_taken_for_the_one_in_memory(tmp_path: Path) -> None:
    name = plugin(tmp_path / "plugins")
    file = tmp_path / "plugins" / f"{name.replace('-', '_')}.py"
    registry.load_plugin(str(file))
    file.write_text(file.read_text() + "# edited\n")
    with pytest.raises(UserError, match="has changed since it was loaded"):
        registry.load_plugin(str(file))


@pytest.mark.parametrize("name", ["clip-nano", "llava-nano", "video-nano", "prefix-nano"])
def test_packaged_models_are_those_of_the_stored_records(name: str) -> None:
    """Their rows stand on the boards: a new run must replace them, not stand beside them."""
    stored = {
        record["model"]["hash"]
        for path in (ROOT / "leaderboards/runs").glob("*/*.json")
        for record in [json.loads(path.read_bytes())]
        if record["model"]["name"] == name and record["model"]["checkpoint"] is None
    }
    assert stored, f"no record of {name}"
    assert identity(name) in stored


def test_the_example_of_the_documentation(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red has the first class's weight and blue the second's; with these two swapped none is right.

    What docs/plugins.md shows of the example stands in it.
    """

    example = ROOT / "examples/linear_classifier.py"
    registry.load_plugin(str(example))
    blocks = fenced_blocks(ROOT / "docs/plugins.md")
    (shown,) = [block.text for block in blocks if "class Linear:" in block.text]
    source = example.read_text()
    assert all(line in source for line in shown.splitlines())

    for name, colour in (("red", (255, 0, 0)), ("blue", (0, 0, 255))):
        save_image(here / f"{name}.png", colour)
    (here / "images.csv").write_text("id,label,image\n0,red,red.png\n1,blue,blue.png\n")
    (here / "names.txt").write_text("red\nblue\n")

    def accuracy() -> Any:
        record = mmbench.evaluate(
            "linear@weights.npz", "labels", data="images.csv", device="cpu",
            model_args={"classes": "names.txt"},
        ).record  # fmt: skip
        return record.scores["accuracy@1"].value

    weight = np.array([[1, 0, 0], [0, 0, 1]], np.float32)
    for step, expected in ((weight, 1.0), (weight[::-1], 0.0), (weight, 1.0)):
        np.savez(here / "weights.npz", weight=step, bias=np.zeros(2, np.float32))
        assert accuracy() == expected
    (here / "names.txt").write_text("blue\nred\n")
    assert accuracy() == 0.0


def test_files_that_a_program_writes_beside_itself_are_not_the_model(tmp_path: Path) -> None:
    """The source of a training script names its own log; a plugin's folder has other files."""
    name = plugin(tmp_path / "plugins", "log = 'metrics.json'")
    before = identity(name)
    write_file(tmp_path / "plugins/other.json", b"step 1")
    assert identity(name) == before
    write_file(tmp_path / "plugins/metrics.json", b"step 1")
    assert identity(name) != before  # a plugin's could be its configuration


def test_late_fusion_knows_its_weights_to_the_last_digit(here: Path, mine: str) -> None:
    hashes = []
    for weight in (0.33333331, 0.33333332, 1.0):
        models = [{"adapter": mine, "weight": weight}, {"adapter": mine, "weight": 1}]
        write_file(here / "late.yaml", {"late": models})
        model = found("late.yaml")
        hashes.append(model.info.hash)
    assert len(set(hashes)) == 3
    assert model.info.options["late"][0].endswith("*1")  # as stored records have it

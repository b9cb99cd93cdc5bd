"""Keys of YAML files and options of sources and models: all that is wrong, in one line."""

import inspect
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mmbench import registry
from mmbench.builtin import TABLES
from mmbench.data.mapping.patterns import fill_pattern
from mmbench.data.readers.records import Record
from mmbench.data.readers.rows import FileRows
from mmbench.engine.loading.data.datasets import load_data
from mmbench.engine.loading.models.resolver import ModelResolver, find
from mmbench.errors import MmbenchError, SpecError, UnknownName, UserError
from mmbench.spec import load_task
from mmbench.storage.content_keys import ContentKeys
from mmbench.validation.named_values import (
    Option,
    _checkable,
    as_typed,
    checked_options,
    function_options,
    grouped_options,
)
from tests.support.errors import one_line_error
from tests.support.files import write_file

SOURCES = [name for name in TABLES["data"] if not name.startswith(("shapes", "spoken"))]
BASE = "include: coco-retrieval\nname: mine\nprotocol: {}\n"
RESERVED = {"self", "root", "folder", "device", "dtype"}


def options_of(function: Any) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(function).parameters
    return {name: p for name, p in parameters.items() if name not in RESERVED}


def refusal(tmp_path: Path, source: str, options: dict[str, Any], data: Path) -> str:
    """Return the message that a task with these options is refused with."""
    write_file(tmp_path / "mine.yaml", BASE)
    spec = load_task(str(tmp_path / "mine.yaml"))
    spec.data.clear()
    spec.data.update({"source": source, **options})
    with one_line_error(MmbenchError) as caught:
        load_data(spec, data)
    return str(caught.value)


@pytest.mark.parametrize("source", SOURCES)
def test_missing_options_of_a_source_are_all_named(tmp_path, source):
    function = registry.lookup("data", source)
    required = [n for n, p in options_of(function).items() if p.default is p.empty]
    if required:
        assert f"{', '.join(required)} missing" in refusal(tmp_path, source, {}, tmp_path)


LIBRARY = ("hf", "rows", "caption-rows")  # by the datasets library, which takes 0.1 s a file


@pytest.mark.parametrize(
    "source", [pytest.param(s, marks=pytest.mark.slow) if s in LIBRARY else s for s in SOURCES]
)
def test_an_option_of_another_type_never_ends_in_a_bug(tmp_path, source):
    file = write_file(tmp_path / "x.csv", "id,text\n1,a\n")
    options = options_of(registry.lookup("data", source))
    needed = {
        name: {"image": "{id}", "text": "text"} if name == "columns" else "id"
        for name, p in options.items()
        if p.default is p.empty
    }
    spec = load_task(str(write_file(tmp_path / "mine.yaml", BASE)))
    for option, value in product(options, ([["x"]], {"x": {"y": 1}}, True, None, 3, "a\0b")):
        spec.data.clear()
        spec.data.update({"source": source, **needed, option: value})
        try:
            load_data(spec, file)
        except MmbenchError as error:
            assert "\n" not in str(error), (option, value)


@pytest.mark.parametrize("kind", ["data", "model"])
def test_all_options_of_our_own_have_types_that_are_checked(kind):
    for name in TABLES[kind]:
        function = registry.lookup(kind, name)
        for option, one in function_options(function, RESERVED).items():
            assert _checkable(one.hint), (name, option)


class Shape(msgspec.Struct, frozen=True):
    """A group of options."""

    width: int
    height: float = 2.0
    names: list[str] = []


def drawn(folder: str, *, colour: str = "red", shape: Shape = Shape(1)) -> tuple[str, Shape]:  # noqa: B008
    return colour, shape


def test_the_fields_of_a_group_are_options():
    def missing(names: list[str]) -> UserError:
        return UserError(f"missing {names}")

    options = function_options(drawn, {"folder"})
    assert options == {
        "colour": Option(str, "red"),
        "width": Option(int, inspect.Parameter.empty, "shape"),
        "height": Option(float, 2.0, "shape"),
        "names": Option(list[str], [], "shape"),
    }
    checked = checked_options(
        drawn, {"colour": 3, "width": 4, "names": ["x", 1]}, "option", {"folder"}, missing
    )
    assert checked == {"colour": "3", "width": 4, "names": ["x", "1"]}
    assert grouped_options(drawn, checked) == {"colour": "3", "shape": Shape(4, 2.0, ["x", "1"])}
    assert grouped_options(drawn, {"colour": "blue"}) == {"colour": "blue"}
    with pytest.raises(UserError, match=r"missing \['width'\]"):
        checked_options(drawn, {"height": 1.0}, "option", {"folder"}, missing)
    with pytest.raises(UnknownName, match="shape"):
        checked_options(drawn, {"width": 1, "shape": 1}, "option", {"folder"}, missing)
    with pytest.raises(SpecError, match=r"^option width must be an integer, not 'x'$"):
        checked_options(drawn, {"width": "x"}, "option", {"folder"}, missing)


def test_numbers_become_texts_where_a_text_is_needed():
    assert as_typed(3, str) == "3"
    assert as_typed([0, "1"], list[str] | None) == ["0", "1"]
    assert as_typed({1: 0.5}, dict[str, Any]) == {"1": "0.5"}
    assert as_typed({"fold": [1, 2]}, dict[str, Any]) == {"fold": [1, 2]}
    assert as_typed(3, int | None) == 3
    assert as_typed(True, str) is True  # refused, not called "True"


def test_unknown_missing_and_mistyped_options_of_a_source(tmp_path):
    text = refusal(tmp_path, "captioned", {"columns": {}, "row": "x", "idd": 1}, tmp_path)
    for word in ("'row'", "rows", "'idd'", "files missing", "mine"):
        assert word in text
    text = refusal(tmp_path, "coco", {"images": "five", "split": ["a"]}, tmp_path)
    assert "images of" in text
    assert "split of" in text


def test_options_of_a_model(tmp_path):
    with ContentKeys(tmp_path) as keys:
        finder = ModelResolver(keys, device="cpu")
        with pytest.raises(
            UserError, match=r"^option timeout of model api must be a number, not 'soon'$"
        ):
            find("api@m", finder, {"base": "http://x", "timeout": "soon"})
        with pytest.raises(UserError, match=r"'basis'.*'fpz'"):
            find("api@m", finder, {"basis": 1, "fpz": 3})
        model = find("api@m", finder, {"base": "http://x", "limit": 3})
    assert model.info.options["limit"] == 3  # what is recorded stays as it was typed


def test_a_function_that_takes_any_option_is_given_any(tmp_path):
    def source(root, **options):
        return options

    made = checked_options(source, {"a": 1}, "option", {"root"}, lambda names: UserError("none"))
    assert made == {"a": 1}


def test_live_objects_and_types_of_a_plugin_are_not_checked():
    class Network:
        pass

    def model(folder, *, net: Network, path: Path):
        return net

    net = Network()
    given = {"net": net, "path": "x"}
    assert checked_options(model, given, "o", {"folder"}, lambda n: UserError("none")) == given


def test_all_faults_of_a_task_file_at_once(tmp_path):
    file = write_file(tmp_path / "mine.yaml", "name: mine\nmetricz: [x]\nfieldz: {}\n")
    with pytest.raises(SpecError) as caught:
        load_task(str(file))
    text = str(caught.value)
    for word in ("'metricz'", "'fieldz'", "missing keys kind, data, fields, metrics, headline"):
        assert word in text
    file = write_file(tmp_path / "mine.yaml", f"{BASE}version: two\nmetrics: null\nprompt: [a]\n")
    with pytest.raises(SpecError) as caught:
        load_task(str(file))
    for word in ("version must be", "metrics must be", "prompt must be", "mine.yaml: "):
        assert word in str(caught.value)


def test_one_unknown_key_keeps_its_near_names(tmp_path):
    file = write_file(tmp_path / "mine.yaml", f"{BASE}headlines: x\n")
    with pytest.raises(UnknownName, match="did you mean headline"):
        load_task(str(file))


def test_option_texts_that_no_file_system_or_reader_takes(tmp_path):
    (tmp_path / "a.csv").write_text("id,text\n1,a\n")
    listing = {"files": "a.csv", "columns": {"question": "text"}}
    for source, options, message in (
        ("class_folders", {"split": "x" * 5000}, "File name too long"),
        ("listing", listing | {"files": "x" * 5000}, "File name too long"),
        ("listing", listing | {"table": {"separator": "**"}}, "is not one character"),
        ("listing", listing | {"table": "\udce9"}, "is not valid Unicode"),
    ):
        assert message in refusal(tmp_path, source, options, tmp_path)


def test_a_pattern_has_no_more_digits_than_a_name():
    rows = FileRows(Path("x"), [Record("x", {"id": "7"})])
    assert fill_pattern("{id:03}.jpg", rows) == ["007.jpg"]
    assert fill_pattern("{id:099999999}.jpg", rows) == ["{id:099999999}.jpg"]


@pytest.mark.parametrize(
    ("source", "options"),
    [
        ("listing", {"columns": {"question": "b"}, "target": "c", "where": {"a": "x"}}),
        ("labelled", {"columns": {"image": "{a}.jpg"}, "target": "b", "id": "c"}),
        ("captioned", {"columns": {"image": "{a}.jpg", "text": ["b"], "id": "c"}}),
    ],
)
def test_all_missing_columns_of_a_table_are_named(tmp_path, source, options):
    (tmp_path / "x.csv").write_text("id,text\n1,a\n")
    message = refusal(tmp_path, source, {"files": "x.csv", **options}, tmp_path)
    missing = message.partition("no columns ")[2].partition("; the columns are ")[0]
    assert sorted(missing.split(", ")) == ["a", "b", "c"]

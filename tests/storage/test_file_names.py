"""Names that become files and folders: of tasks, and in patterns."""

from pathlib import Path

import pytest

from mmbench.errors import UserError
from mmbench.spec import load_task, packaged_tasks
from mmbench.storage.file_names import escaped, name_fault


@pytest.mark.parametrize(
    "name",
    [
        "../../../escaped", "a/b", "a\\b", "my[v1]", "a*", "a?", "a b", "", ".", "..", ".hidden",
        "-t", "a.", "con", "NUL.x", "com1", "README", "x" * 101, "ü" * 101, "a:b", "a\nb", "a\0b",
        "\ud800", "\u202eabc",
    ],
)  # fmt: skip
def test_names_that_no_task_can_have(name: str) -> None:
    assert name_fault(name)


def test_names_of_tasks() -> None:
    plain = [
        "a",
        "coco-1k_x.v2+3",
        "überschrift",
        "数字-asr",
        "हिन्दी",
        "7b",
        "_x",
        "concept",
        "x" * 100,
    ]
    assert not [name for name in [*plain, *packaged_tasks()] if name_fault(name)]


def test_any_text_becomes_a_file_name_of_its_own(tmp_path: Path) -> None:
    texts = ["x" * 300, "x" * 301, "ü" * 300, "\ud800" * 300, "COM1.x", "a\0b", "..", "%", ""]
    names = [escaped(text) for text in texts]
    assert len({name.lower() for name in names}) == len(texts)
    for name in names:
        (tmp_path / f"{name}.png").touch()
    assert len(list(tmp_path.iterdir())) == len(texts)


@pytest.mark.parametrize("stem", ["my[v1]", "README", "a b"])
def test_a_task_file_with_such_a_name_is_refused(tmp_path: Path, stem: str) -> None:
    file = tmp_path / f"{stem}.yaml"
    file.write_text("include: answers\n")
    with pytest.raises(UserError, match="set `name: NAME` in the file"):
        load_task(str(file))
    with pytest.raises(UserError, match="invalid task name"):
        load_task(stem, [str(tmp_path)])
    file.write_text("include: answers\nname: mine\n")
    assert load_task(str(file)).name == "mine"


def test_no_pattern_is_made_of_a_name(tmp_path: Path) -> None:
    """A plugin in a folder with brackets: the weights that its source names by a pattern."""
    from mmbench.engine.loading.models.model_state import _weights

    place = tmp_path / "my[v1]"
    (place / "weights").mkdir(parents=True)
    (place / "weights/a.safetensors").write_bytes(b"")
    assert _weights(place, "weights/*.safetensors") == [place / "weights/a.safetensors"]
    place.rename(tmp_path / "plain")
    assert len(_weights(tmp_path / "plain", "weights/*.safetensors")) == 1

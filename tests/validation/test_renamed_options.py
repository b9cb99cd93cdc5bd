"""Options of data sources as they were called: refused in one line that has the new name."""

from pathlib import Path

import pytest
import yaml

from mmbench import registry
from mmbench.errors import SpecError
from mmbench.spec import load_task, packaged_tasks
from mmbench.validation.renamed_options import RENAMED, refuse_renamed

OLD = [(source, old, now) for source, renamed in RENAMED.items() for old, now in renamed.items()]


def refusal(folder: Path, data: dict[str, object]) -> str:
    task = {"include": "coco-retrieval", "data": data}
    file = folder / "mine.yaml"
    file.write_text(yaml.safe_dump(task))
    with pytest.raises(SpecError) as caught:
        load_task(str(file))
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{folder}/")


@pytest.mark.parametrize(("source", "old", "now"), OLD)
def test_an_old_option_is_refused_with_its_new_name(
    tmp_path: Path, source: str, old: str, now: str
) -> None:
    now = now.replace("MEDIUM", "image")
    line = f"source {source} has no option {old}; use {now}"
    assert refusal(tmp_path, {"source": source, old: "x"}) == f"mine.yaml: data: {line}"
    hub = {"source": "coco", "folder": "x", "hub": {"source": source, old: "x"}}
    assert refusal(tmp_path, hub) == f"mine.yaml: data: hub: {line}"


@pytest.mark.parametrize(("source", "old", "now"), OLD)
def test_a_source_has_the_new_name_and_not_the_old_one(source: str, old: str, now: str) -> None:
    import inspect

    names = inspect.signature(registry.lookup("data", source)).parameters
    assert old not in names
    assert now.partition(":")[0] in names


def test_a_hub_block_is_one_of_the_source_rows(tmp_path: Path) -> None:
    join = {"name": "a", "by": "b", "id": "c", "fields": {"image": "image"}}
    hub = {"path": "a/b", "fields": {"image": "image"}, "join": join}
    assert refusal(tmp_path, {"source": "coco", "hub": hub}) == (
        "mine.yaml: data: hub: source rows has no option fields; use columns;"
        " data: hub: join has no key fields; use columns"
    )


def test_the_id_of_a_medium_is_called_by_the_medium(tmp_path: Path) -> None:
    data = {"source": "captioned", "media": {"audio": "{file}"}, "id": "file"}
    assert "no option id; use columns: {audio_id: …}" in refusal(tmp_path, data)


def test_options_of_the_same_name_elsewhere_are_no_old_ones() -> None:
    for data in (
        {"source": "coco", "captions": 5},
        {"source": "labels", "classes": ["a"]},
        {"source": "cifar", "classes": 10},
        {"source": "a-plugin", "media": "x", "fields": {}},
    ):
        refuse_renamed(data, "mine.yaml")
    for task in packaged_tasks():
        refuse_renamed(load_task(task).data, task)

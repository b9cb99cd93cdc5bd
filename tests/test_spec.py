"""Task files: what they say, what they may not say, where they are looked up."""

import re
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from mmbench import registry, spec
from mmbench.errors import SpecError, UnknownName, UserError
from mmbench.kinds.conversation import PromptOptions
from tests.support.errors import one_line_error

GOOD = """
kind: retrieval
summary: "pictures and words"
data: {source: folder}
fields: {query: text, corpus: image}
metrics: [recall@1]
headline: recall@1[text-to-image]
"""


def write(folder: Path, name: str, text: str) -> str:
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return str(path)


def test_a_task_says_what_its_file_says(tmp_path: Path) -> None:
    task = spec.load_task(write(tmp_path, "mine", GOOD))
    assert (task.name, task.kind, task.metrics) == ("mine", "retrieval", ["recall@1"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("metricks: [x]", "unknown key of .*did you mean metrics"),
        ("version: two", "version must be an integer, not 'two'"),
        ("kind: writing\ngeneration: {max_new_tokens: 5}", "did you mean max_tokens?"),
        ("metrics: []", "`metrics` is empty"),
        ("data: {path: x}", "data needs a `source`"),
        ("fields: {query: [", "not valid YAML.*line"),
        ("published: [{model: x}]", r"published\[0\]"),
    ],
)
def test_what_a_file_may_not_say(tmp_path: Path, change: str, message: str) -> None:
    key = change.partition(":")[0]
    text = "\n".join(li for li in GOOD.splitlines() if not li.startswith(f"{key}:"))
    with one_line_error((SpecError, UnknownName), match=message) as error:
        spec.load_task(write(tmp_path, "bad", f"{text}\n{change}\n"))
    assert "bad.yaml" in str(error.value)


def test_yaml_is_data_only(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="not valid YAML"):
        spec.load_task(write(tmp_path, "evil", "!!python/object/apply:os.system ['true']"))


def test_include_inherits_what_the_file_does_not_set(tmp_path: Path) -> None:
    write(tmp_path, "base", GOOD)
    write(tmp_path, "child", "include: base\nmetrics: [mrr]\n")
    child = spec.load_task("child", [str(tmp_path)])
    assert (child.name, child.metrics, child.kind) == ("child", ["mrr"], "retrieval")


def test_options_of_another_kind_are_not_inherited(tmp_path: Path) -> None:
    """`views` of kinetics400 is no option of zero_shot, and no file can take a key away."""
    text = 'include: kinetics400\nkind: zero_shot\ntemplates: ["a video of {}."]\n'
    task = spec.load_task(write(tmp_path, "mine", text))
    assert (task.kind, task.fields) == ("zero_shot", {"video": "video"})
    with pytest.raises(SpecError, match="no key 'views'; it is an option of kind classif"):
        spec.load_task(write(tmp_path, "mine", f"{text}views: {{clips: 3}}\n"))


def test_a_circle_of_includes_is_told(tmp_path: Path) -> None:
    write(tmp_path, "a", "include: b")
    write(tmp_path, "b", "include: a")
    with pytest.raises(SpecError, match="includes itself"):
        spec.load_task("a", [str(tmp_path)])


def test_the_first_folder_wins_and_unknown_names_get_near_ones(tmp_path: Path) -> None:
    write(tmp_path, "coco-retrieval", GOOD)
    assert spec.load_task("coco-retrieval", [str(tmp_path)]).summary == "pictures and words"
    with pytest.raises(UnknownName, match="did you mean coco-retrieval"):
        spec.load_task("coco-retreival")


@pytest.mark.parametrize("name", sorted(spec.task_files()))
def test_packaged_tasks_are_sound(name: str) -> None:
    task = spec.load_task(name)
    assert task.name == name
    assert task.summary == spec.task_summary(spec.task_files()[name])
    ways = registry.lookup("kind", task.kind)(task).directions()
    metrics = {f"{m}[{d}]" if d else m for m in task.metrics for d in ways}
    assert task.headline in metrics or re.sub(r"\{macro:\w+\}$", "", task.headline) in metrics
    for entry in task.published:
        assert entry.source
        assert set(entry.scores) <= metrics


def test_transcripts_may_be_as_long_in_every_task() -> None:
    """A recording of 30 s has up to about 120 words; one's own are cut off no sooner."""
    tasks = [spec.load_task(name) for name in ("transcripts", "librispeech-clean", "common-voice")]
    assert {task.options_of(PromptOptions).generation.max_tokens for task in tasks} == {256}


@pytest.mark.parametrize(
    ("key", "kinds"),
    [("index: Flat", "retrieval"), ("templates: [a]", "zero_shot"), ("choose: letter", "choice")],
)
def test_an_option_of_another_kind_names_the_kind(tmp_path: Path, key: str, kinds: str) -> None:
    write(tmp_path, "a", f"include: shapes-vqa\n{key}\n")
    name = key.partition(":")[0]
    with pytest.raises(SpecError, match=f"kind writing have no key '{name}'; .* of kind {kinds}$"):
        spec.load_task("a", [str(tmp_path)])


def test_a_task_of_a_package_that_does_not_import_is_told_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    point = EntryPoint("test-broken-task", "no_such_module:TASK", "mmbench.tasks")
    registry.names("task")  # entry points are read once
    plugins = registry._plugins["task"]
    monkeypatch.setitem(plugins, point.name, registry.Plugin(point, "broken-package"))
    assert point.name not in spec.task_files()
    assert spec.load_task("shapes-vqa").name == "shapes-vqa"
    with pytest.raises(
        UserError, match="of the package broken-package cannot be imported: No module"
    ):
        spec.load_task(point.name)


@pytest.mark.parametrize(
    ("name", "kind"), [("clip-nano", "model"), ("wer", "metric"), ("cer[none]", "metric")]
)
def test_a_name_of_another_kind_is_no_task(name: str, kind: str) -> None:
    with pytest.raises(UnknownName) as caught:
        spec.load_task(name)
    assert f"{name} is a {kind}; `mmbench list tasks`" in str(caught.value)

"""Rubric files: what the loader accepts, and its one-line errors with file and line."""

from pathlib import Path

import pytest

from mmbench.errors import SpecError, UnknownName, UserError
from mmbench.metrics.judges.rubric import load_rubric, rubric_files
from mmbench.spec import packaged_files

MINIMAL = 'prompt: "Grade {answer}"\n'


def write(folder: Path, text: str) -> str:
    path = folder / "mine.yaml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", packaged_files("rubrics"))
def test_packaged_rubrics_load_under_the_name_of_their_file(name: str) -> None:
    assert load_rubric(name).name == name


def test_defaults_of_a_minimal_rubric(tmp_path: Path) -> None:
    rubric = load_rubric(write(tmp_path, MINIMAL))
    assert (rubric.name, rubric.kind, rubric.version, rubric.media) == ("mine", "score", 1, ())
    assert rubric.scale.points == [1, 2, 3, 4, 5]
    assert (rubric.value_key, rubric.reason_key) == ("score", "reason")
    assert rubric.generation.temperature == 0


def test_a_rubric_in_the_working_folder_hides_a_packaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rubrics").mkdir()
    Path("rubrics/helpfulness.yaml").write_text(MINIMAL)
    assert rubric_files()["helpfulness"] == Path("rubrics/helpfulness.yaml")
    assert load_rubric("helpfulness").prompt == "Grade {answer}"


def test_an_unknown_rubric_is_answered_with_similar_names() -> None:
    with pytest.raises(UnknownName, match="did you mean helpfulness"):
        load_rubric("helpfulnes")
    with pytest.raises(SpecError, match="no such rubric file"):
        load_rubric("nowhere/x.yaml")


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        (MINIMAL + "promt: x", "unknown key of .* 'promt': did you mean prompt", 2),
        (MINIMAL + "scale:\n  min: 1\n  mx: 3", "'mx': did you mean max", 4),
        (MINIMAL + "scale:\n  min: a", "scale.min must be a number, not 'a'", 3),
        (MINIMAL + "scale:\n  min: 5\n  max: 5", "scale.min must be less than max", 3),
        (MINIMAL + "scale: {max: 5.5}", "scale.max must be min plus a number of steps", 2),
        (MINIMAL + "scale: {step: .nan}", "scale.step must be a finite number", 2),
        (MINIMAL + "scale: {labels: {Right: 1, right : 0}}", "equal or empty: 'right'", 2),
        (MINIMAL + "scale: {labels: {yes: 1, no: 0}}", "must be strings; put yes, no", 2),
        (MINIMAL + "scale: {labels: {a: 1, b: 1}}", "at least two different", 2),
        (MINIMAL + "scale: {labels: {a: 1, b: 0}, min: 0}", "labels replace min, max and step", 2),
        (MINIMAL + "media: [text]", "media must be a list of image, audio, video", 2),
        (MINIMAL + "version: 0", "version must be at least 1", 2),
        (MINIMAL + "name: a[b]", "name is no valid rubric name", 2),
        (MINIMAL + "verdict: {value: reason}", "verdict has one key for value and reason", 2),
        (MINIMAL + "version: 1\nversion: 2", "key version is repeated", 3),
        (
            'kind: score\nprompt: "{answer} {foo}"',
            "'foo': known: answer, context, question",
            2,
        ),
        ('kind: score\nprompt: "Grade it"', "must have the slot {answer} exactly once", 2),
        ('kind: pairwise\nprompt: "{answer_a}"', "the slot {answer_b} exactly once", 2),
        ('kind: pairwise\nprompt: "{answer_a}{answer_b}"\nscale: {}', "scale is not a key of", 3),
        ("prompt: [", "not valid YAML", 2),
    ],
)
def test_an_invalid_rubric_is_refused_in_one_line(
    tmp_path: Path, text: str, message: str, line: int
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UserError, match=message) as error:
        load_rubric(path)
    assert path in str(error.value) or "scale" in str(error.value)
    assert f"line {line}" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_with_the_name_of_another_rubric_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rubrics").mkdir()
    Path("rubrics/tone.yaml").write_text(f"{MINIMAL}name: other\n")
    with pytest.raises(UserError, match=r"rubrics/tone.yaml: name must be tone, not other \(line"):
        load_rubric("tone")


def test_the_signature_depends_on_what_the_judge_is_told(tmp_path: Path) -> None:
    def signature(text: str) -> str:
        return load_rubric(write(tmp_path, text)).signature

    first = signature(MINIMAL)
    assert first.startswith("rubric=mine/1#") and first.endswith(",greedy,tokens=512")
    assert signature(f"# a comment\n{MINIMAL}summary: words\n") == first
    others = ["scale: {max: 4}", "version: 2", "media: [image]", "max_tokens: 9", "name: other"]
    assert len({first, *(signature(f"{MINIMAL}{other}\n") for other in others)}) == 6


def test_scales_say_which_numbers_and_labels_are_scores(tmp_path: Path) -> None:
    halves = load_rubric(write(tmp_path, f"{MINIMAL}scale: {{min: 0, max: 1, step: 0.1}}")).scale
    assert halves.point(0.3) == pytest.approx(0.3)
    assert halves.point(0.35) is None and halves.point(1.1) is None
    free = load_rubric(write(tmp_path, f"{MINIMAL}scale: {{min: 0, max: 10, step: 0}}")).scale
    assert free.point(3.21) == 3.21 and free.points == []
    words = load_rubric(
        write(tmp_path, f"{MINIMAL}scale: {{labels: {{bad: 3, good: 1}}, better: lower}}")
    ).scale
    assert (words.label(" GOOD "), words.label("fine"), words.worst, words.best) == (1, None, 3, 1)

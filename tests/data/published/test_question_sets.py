"""Question sets in miniature, read by the packaged tasks in their published layouts."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from mmbench.data.published.mvbench import FOLDERS, mvbench
from mmbench.data.sources.row_samples import listing
from mmbench.datasets import Samples
from mmbench.engine.loading.data.datasets import load_data
from mmbench.engine.options import RunSettings
from mmbench.engine.run import run
from mmbench.errors import DataError, SpecError
from mmbench.kinds.conversation import PromptOptions, conversation
from mmbench.media import read_bytes
from mmbench.metrics.captions.rouge import rouge_l
from mmbench.metrics.judges.prompt import judged_sample, score_conversation
from mmbench.metrics.judges.rubric import load_rubric
from mmbench.spec import load_task
from mmbench.types import InvalidContent, Media, Prediction
from tests.support.files import write_file
from tests.support.layouts import question_sets

pytestmark = pytest.mark.usefixtures("own_datasets")

LETTER = "Answer with the option's letter from the given choices directly."


class Expected(NamedTuple):
    """What a task makes of a miniature: ids, targets, tags of the first sample, its prompt."""

    ids: list[str]
    targets: list[object]
    tags: dict[str, str]
    prompt: str


EXPECTED = {
    "ocrbench": Expected(
        ["0", "1"],
        ["CENTRE", ["y _ { 2 } = 1\n", "y_2 = 1\n"]],
        {"dataset": "IIIT5K", "type": "Regular Text Recognition"},
        "what is written in the image?",
    ),
    "ai2d": Expected(
        ["0", "1"],
        ["B", "C"],
        {},
        f"Which is a producer?\nA. lion\nB. grass\nC. deer\nD. fox\n{LETTER}",
    ),
    "seed-bench": Expected(
        ["101669", "101670"],
        ["A", "D"],
        {"dimension": "5"},
        "How many towels are in the image?\nA. One\nB. Two\nC. Three\nD. Four\n" + LETTER,
    ),
    "video-mme": Expected(
        ["001-1", "001-2"],
        ["C", "B"],
        {"duration": "short", "domain": "Knowledge", "task": "Counting Problem"},
        "Select the best answer to the following multiple-choice question based on the video."
        " Respond with only the letter (A, B, C, or D) of the correct option.\nWhich?\nA. Apples.\n"
        "B. Candles.\nC. Berries.\nD. A. Dumas.\nThe best answer is:",
    ),
    "longvideobench": Expected(
        ["v1_0", "v1_1"],
        ["D", "B"],
        {"duration": "15", "category": "TOS"},
        f"Who?\nA. a\nB. b\nC. c\nD. d\n{LETTER}",
    ),
    "egoschema": Expected(
        ["u0", "u2"],
        ["A", "B"],
        {},
        f"What does c do?\nA. C cooks.\nB. 1\nC. 0\nD. d\nE. e\n{LETTER}",
    ),
    "mmau": Expected(
        ["3fe6", "1696"],
        ["B", "A"],
        {"task": "speech", "difficulty": "easy"},
        f"Who?\nA. Man\nB. Woman\nC. Child\nD. Robot\n{LETTER}",
    ),
    "air-bench-foundation": Expected(
        ["0", "1"],
        ["B", "B"],
        {"task": "Audio_Grounding", "dataset": "AudioGrounding"},
        "Choose the most suitable answer from options A, B, C, and D to respond the question in"
        " next line, you may only choose A or B or C or D.\nWhen?\nA. [1, 2]\nB. [3, 4]",
    ),
}
WRITERS = {
    name: getattr(question_sets, name.replace("-", "_").removesuffix("_foundation"))
    for name in EXPECTED
}


@pytest.mark.parametrize("task", EXPECTED)
def test_a_published_layout(task: str, tmp_path: Path) -> None:
    WRITERS[task](tmp_path)
    spec, expected = load_task(task), EXPECTED[task]
    data = load_data(spec, tmp_path)
    assert isinstance(data, Samples)
    assert [sample.id for sample in data.samples] == expected.ids
    targets = [
        sample.target["answer"] if isinstance(sample.target, dict) else sample.target
        for sample in data.samples
    ]
    assert targets == expected.targets
    assert data.samples[0].tags == expected.tags
    prompt = spec.options_of(PromptOptions).prompt
    for sample in data.samples:
        ((medium, text),) = (turn.parts for turn in conversation(spec, prompt, sample))
        assert isinstance(medium, Media)
        assert read_bytes(medium)
        assert text == expected.prompt or sample.id != expected.ids[0]


@pytest.mark.parametrize("task", EXPECTED)
def test_the_oracle_is_always_right(task: str, tmp_path: Path) -> None:
    WRITERS[task](tmp_path)
    record = run("oracle", task, RunSettings(data=tmp_path)).record
    assert record.scores[load_task(task).headline].value == 1
    assert record.counts["failed"] == 0


def test_air_bench_chat_has_a_context_for_the_judge_alone(tmp_path: Path) -> None:
    question_sets.air_bench_chat(tmp_path)
    spec = load_task("air-bench-chat")
    data = load_data(spec, tmp_path)
    assert isinstance(data, Samples)
    (sample, _) = data.samples
    prompt = spec.options_of(PromptOptions).prompt
    assert conversation(spec, prompt, sample)[0].parts == (sample.inputs["audio"], "What happens?")
    rubric = load_rubric("audio-chat")
    prediction = Prediction("0", "A cat.", sample.target, inputs=sample.inputs)
    assert 0 < rouge_l([prediction]).value < 1  # a list of references
    (*_, text) = score_conversation(rubric, judged_sample(rubric, prediction), "A cat.")[0].parts
    assert isinstance(text, str)
    blocks = ["A dog barks twice.", "What happens?", "A dog barks.", "A cat."]
    titles = ["CONTEXT", "QUESTION", "REFERENCES", "ANSWER"]
    lines = text.splitlines()
    for title, block in zip(titles, blocks, strict=True):
        (at,) = (at for at, line in enumerate(lines) if line.startswith(f"[BEGIN {title} "))
        assert lines[at + 1] == block
    without = replace(prediction, inputs={"question": "What happens?"})
    (part,) = score_conversation(rubric, judged_sample(rubric, without), "A cat.")[0].parts
    assert isinstance(part, InvalidContent)
    assert "shows the judge the context, which the sample lacks" in part.reason


def test_mvbench(tmp_path: Path) -> None:
    question_sets.mvbench(tmp_path)
    samples = mvbench(tmp_path, task=["action_sequence", "object_shuffle"]).samples
    assert [s.id for s in samples] == ["action_sequence/0", "action_sequence/1", "object_shuffle/0"]
    assert [s.target["answer"] for s in samples] == ["C", "B", "B"]
    assert [s.tags["task"] for s in samples] == ["action_sequence"] * 2 + ["object_shuffle"]
    part, cut, whole = (sample.inputs["video"] for sample in samples)
    video = tmp_path / "video"
    assert part == Media("video", str(video / "star/Charades_v1_480/a.mp4"), span=(0.2, 0.5))
    assert cut == Media("video", str(video / "star/Charades_segment/b.mp4"))
    assert whole == Media("video", str(video / "perception/videos/v_1.mp4"))
    assert samples[0].inputs["options"] == "(A) ate.\n(B) B\n(C) sat."
    spec = load_task("mvbench")
    prompt = spec.options_of(PromptOptions).prompt
    (*_, text) = conversation(spec, prompt, samples[2])[0].parts
    assert isinstance(text, str)
    assert text.endswith(
        "Question: When?\nOptions:\n(A) never\n(B) now\nOnly give the best option."
    )


def test_the_branch_of_mvbench_with_parts_as_files(tmp_path: Path) -> None:
    question_sets.mvbench(tmp_path)
    (tmp_path / "video/star").rename(tmp_path / "star")
    samples = mvbench(tmp_path, task="action_sequence").samples
    assert samples[1].inputs["video"] == Media(
        "video", str(tmp_path / "star/Charades_segment/b.mp4")
    )
    with pytest.raises(DataError, match=r"no json/action_count.json or action_count.json"):
        mvbench(tmp_path, task="action_count")


def test_mvbench_has_a_folder_for_each_of_twenty_tasks() -> None:
    assert len(FOLDERS) == 20


@pytest.mark.parametrize(
    ("form", "answer", "letter"),
    [
        ({}, "B", "B"),
        ({"answer": "letter"}, "(b)", "B"),
        ({"answer": "index"}, "1", "B"),
        ({"answer": "index"}, 0, "A"),
        ({"answer": "text"}, "C", "B"),
        ({"answer": "text"}, "1", "A"),
    ],
)
def test_the_form_of_an_answer(
    form: dict[str, object], answer: object, letter: str, tmp_path: Path
) -> None:
    write_file(tmp_path / "q.json", [{"q": "?", "a": answer, "o": ["1", "C", "1"]}])
    data = listing(
        tmp_path, files="q.json", columns={"q": "q"}, target="a", options="o", option_format=form
    )
    assert data.samples[0].target == {"answer": letter, "options": ["1", "C", "1"]}


def test_lines_and_letters_of_options(tmp_path: Path) -> None:
    rows = [{"a": "B", "o": ["A. A. Dumas", "(B) {letter}", "C) c", "d"]}]
    write_file(tmp_path / "q.json", rows)
    form = {"lettered": True, "line": "({letter}) {option}"}
    data = listing(tmp_path, files="q.json", target="a", options="o", option_format=form)
    assert data.samples[0].target["options"] == ["A. Dumas", "{letter}", "c", "d"]
    assert data.samples[0].inputs["options"] == "(A) A. Dumas\n(B) {letter}\n(C) c\n(D) d"


def test_an_answer_of_another_form_is_named(tmp_path: Path) -> None:
    write_file(tmp_path / "q.json", [{"a": "cat", "o": ["cat", "dog"]}])
    message = r"answer 'cat' is not the index of one of the 2 options; correct it, or data option"
    with pytest.raises(DataError, match=message):
        listing(
            tmp_path, files="q.json", target="a", options="o", option_format={"answer": "index"}
        )
    with pytest.raises(SpecError, match="option_format"):
        listing(tmp_path, files="q.json", target="a", options="o", option_format={"answer": "x"})

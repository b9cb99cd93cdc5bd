"""Model text of any length and kind takes linear time; what is longer than an answer is cut."""

from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from time import process_time

import pytest

from mmbench import text
from mmbench.cli import main
from mmbench.data.readers import transcript_lines
from mmbench.engine.scoring.long_texts import LONGEST, mark_long_texts, truncate_long_texts
from mmbench.metrics import answers, speech
from mmbench.metrics.answers import pope, vqa_text
from mmbench.metrics.answers import text as answer_text
from mmbench.metrics.answers.choice import clean as choice_clean
from mmbench.metrics.answers.choice import parser as choice_text
from mmbench.metrics.captions import bleu, cider, ptb, rouge_l
from mmbench.metrics.captions.meteor import _line as meteor_line
from mmbench.metrics.speech import normalisers
from mmbench.reference.tokens import words as nano_tokens
from mmbench.text import alternatives, reasoning
from mmbench.types import Prediction, Predictions
from tests.support.command_line import printed_record
from tests.support.files import write_lines

REFERENCES = ["a cat on a mat", "the 3 dogs"]
CHOICES = (
    ("cat", "dog", "a hot dog", "none of them"),
    ("yes", "no"),
    ("Point A", "Point B"),
    ("-5", "1,000", "$3.50"),
    ("a" * 20_000, "dog"),
)


def _metric(
    function: Callable[..., object], target: object, *given: object
) -> Callable[[str], object]:
    return lambda said: function(
        [Prediction("1", said, target), Prediction("2", "a", target)], *given
    )


def _named(options: tuple[str, ...]) -> Callable[[str], object]:
    def named(said: str) -> object:
        choice_clean.clean.cache_clear()
        return choice_text._parsed_option.__wrapped__(said, options)

    return named


def _normalised(name: str) -> Callable[[str], object]:
    return partial(normalisers.normalise.__wrapped__, name)


# Every function that reads what a model wrote.
FUNCTIONS: dict[str, Callable[[str], object]] = {
    "has_reasoning": reasoning.has_reasoning,
    "final_answer": reasoning.final_answer,
    "has_alternatives": alternatives.has_alternatives,
    "without_null_words": alternatives.without_null_words,
    "trn_parts": transcript_lines.trn_parts,
    "kaldi_parts": lambda said: transcript_lines.kaldi_parts(f"id {said}"),
    "split_boxes": choice_clean.split_boxes,
    "clean": choice_clean.clean.__wrapped__,
    **{f"named_option {nth}": _named(options) for nth, options in enumerate(CHOICES)},
    "plain_words": answer_text._without_punctuation.__wrapped__,
    "vqa": lambda said: vqa_text.normalised.__wrapped__(vqa_text.stripped(said)),
    "ptb tokens": ptb._line_tokens.__wrapped__,
    "normaliser basic": _normalised("basic"),
    "normaliser whisper_en": _normalised("whisper_en"),
    "normaliser open_asr_2026": _normalised("open_asr_2026"),
    "deletes_marks": partial(normalisers.deletes_marks.__wrapped__, "basic"),
    "pope_accuracy": _metric(pope.pope_accuracy, "no"),
    "pope_unparsed": _metric(pope.pope_unparsed, "no"),
    "exact_match": _metric(answers.exact_match, REFERENCES),
    "contains": _metric(answers.contains, ["yes"]),
    "anls": _metric(answers.anls, REFERENCES),
    "relaxed_accuracy": _metric(answers.relaxed_accuracy, ["5"]),
    "vqa_accuracy": _metric(answers.vqa_accuracy, REFERENCES, "official"),
    "rouge_l": _metric(rouge_l, REFERENCES),
    "bleu": _metric(bleu, REFERENCES, 4),
    "cider": _metric(cider, REFERENCES),
    "a line for the jar of meteor": lambda said: meteor_line(said.split(), [REFERENCES]),
    "wer": _metric(speech.wer, "a cat on a mat", "none"),
    "cer": _metric(speech.cer, "a cat on a mat", "none"),
    "wer with alternatives": _metric(
        speech.wer, {"alternatives": ["a", [["cat"], []], "mat"]}, "none"
    ),
    "nano tokens": lambda said: nano_tokens._WORD.findall(said),
    "plain": text.plain,
    "markdown": text.markdown,
    "csv_cell": text.csv_cell,
}

UNITS = [
    *["(", "[", "{", "<", ")", "<>", "( ", "[ ", "\\boxed{", "\\boxed {", "\\boxed{ } ", "{ / "],
    *[
        "a",
        "A",
        "a ",
        " ",
        "\n",
        "\t",
        "\u00a0",
        "\r\n",
        "1",
        "1,",
        "1 ",
        "1.",
        "0 ",
        "-",
        "'",
        '"',
    ],
    *[
        ",",
        ", ",
        ".",
        "?!",
        "...",
        "*",
        "_",
        "/",
        "|",
        "&",
        "@",
        "a@",
        "a-",
        "²",
        "½ ",
        "é",
        "\u00ad",
    ],
    *["😀", "👩\u200d", "\ufe0f", "ﷺ", "中", "e\u0301", "\x00", "\ud800"],
    *["<think>", "</think>", "<think>a</think>", "<think a=", "<answer>", "<answer>A</answer>"],
    *["<|channel|>", "<|channel|>final<|message|>", "A. B. C. ", "(A) (B) ", "A, B, or C "],
    *["the answer is ", "A is correct ", "therefore ", "one ", "one thousand ", "and a half "],
    *["<a b='c' ", "<!a ", "http://", "www.a.", "a.com ", "A(😀\n1,"],
]
# Openings after which what follows is searched for an end.
OPENINGS = ["<think a=", "{ ", '<a b="', "\\boxed{", "1", "a"]
FOLLOWING = [" ", "a", " / ", "<", "1 ", "\u00ad"]

# Function, opening and unit that took quadratic time.
FORMER = [
    ("final_answer", "", "<|channel|>"),
    ("final_answer", "", "<answer>A</answer>"),
    ("has_reasoning", "<think a=", " "),
    ("has_alternatives", "{", " / "),
    *[("normaliser basic", "", unit) for unit in ("(", "[", "<", "<!a ")],
    *[("normaliser whisper_en", "", unit) for unit in (" ", "<", "uh ")],
    *[("normaliser open_asr_2026", "", unit) for unit in (" ", "uh ", "(a) ")],
    ("ptb tokens", "", "😀"),
    (f"named_option {len(CHOICES) - 1}", "", "(A) "),
]


def _seconds(function: Callable[[str], object], said: str, times: int) -> float:
    """The shortest time of the processor that a call takes."""
    found = []
    for _ in range(times):
        start = process_time()
        function(said)
        found.append(process_time() - start)
    return min(found)


def _assert_linear(name: str, opening: str, unit: str, n: int) -> None:
    """Four times the text takes at most eight times as long; quadratic time would be sixteen."""
    function = FUNCTIONS[name]
    texts = [opening + (unit * size)[:size] for size in (n, 2 * n, 4 * n)]
    for times in (1, 3):  # again where other processes may have disturbed the first time
        short, middle, long = (_seconds(function, said, times) for said in texts)
        if middle <= 4 * short + 0.1 and long <= 8 * short + 0.1:
            return
    pytest.fail(f"{name} {opening!r} {unit!r}: {short:.3f}, {middle:.3f}, {long:.3f} s")


@pytest.mark.parametrize(("name", "opening", "unit"), FORMER)
def test_what_took_quadratic_time_is_linear(name: str, opening: str, unit: str) -> None:
    n = {
        "ptb tokens": 4000,
        "normaliser whisper_en": 8000,
        "normaliser open_asr_2026": 8000,
        "final_answer": 40_000,
    }.get(name, 16_000)
    _assert_linear(name, opening, unit, n)


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_text_takes_linear_time(name: str) -> None:
    for opening, unit in [*product([""], UNITS), *product(OPENINGS, FOLLOWING)]:
        _assert_linear(name, opening, unit, 1000 if name in ("bleu", "rouge_l", "cider") else 2000)


def test_a_number_of_any_length_is_normalised() -> None:
    assert normalisers.normalise("whisper_en", "9" * 5000) == "9" * 5000
    assert normalisers.normalise("whisper_en", "one " * 5000 + "million").isdecimal()


def test_a_text_is_cut_by_its_reference_and_marked() -> None:
    long, hour = "a" * (LONGEST + 1), ["b" * LONGEST]
    found = [Prediction("1", long, ["b"]), Prediction("2", long, hour), Prediction("3", "a", ["b"])]
    assert [len(p.value) for p in truncate_long_texts(found)] == [LONGEST, LONGEST + 1, 1]
    marked, notes = mark_long_texts(Predictions({"": [found]}))
    assert [p.tags for p in marked.each()] == [{"cut": str(LONGEST)}, {}, {}]
    assert [len(p.value) for p in marked.each()] == [LONGEST + 1, LONGEST + 1, 1]
    assert "only the beginning of 1 output was scored" in notes[0]


FAMILIES = {
    "answers": ({"answer": "yes"}, "( "),
    "choices": ({"answer": "A", "options": ["cat", "dog"]}, "A. B. C. "),
    "transcripts": ({"text": "a cat"}, "[("),
    "captions": ({"references": ["a cat", "the dog"]}, "😀"),
}


@pytest.mark.slow
@pytest.mark.parametrize("task", FAMILIES)
def test_an_answer_of_a_megabyte_ends_within_seconds(
    task: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fields, unit = FAMILIES[task]
    samples = [{"id": f"s{i}", "question": "what?", **fields} for i in range(3)]
    said = ["a cat", (unit * 1_000_000)[:1_000_000], "a dog"]
    data, outputs = tmp_path / "data.jsonl", tmp_path / "outputs.jsonl"
    write_lines(data, *samples)
    rows = [{"id": f"s{i}", "value": value} for i, value in enumerate(said)]
    write_lines(outputs, *rows)
    start = process_time()
    command = ["score", "-t", task, "--predictions", str(outputs), "--data", str(data)]
    code = main([*command, "--out", str(tmp_path / "board"), "--json"])
    record = printed_record(capsys)
    assert code == 0
    assert any("only the beginning of 1 output was scored" in note for note in record["notes"])
    again = ["rescore", record["run"], "--data", str(data), "--out", str(tmp_path / "board")]
    assert main(again) == 0
    assert process_time() - start < 60

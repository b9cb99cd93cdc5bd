"""Which sample an output belongs to: ids in plain lines, Kaldi's text, ids without their case."""

from pathlib import Path

import pytest

import mmbench
from mmbench.data.sources.transcripts import transcripts
from mmbench.engine.loading.data.outputs import read_outputs
from mmbench.errors import DataError
from mmbench.predictions.ids import with_ids_of_data
from mmbench.types import InvalidContent, Media, Outputs

IDS = ["u1", "u2", "u3"]


def lines(*texts: str) -> Outputs:
    return Outputs({str(row): text for row, text in enumerate(texts)}, positional=True)


def placed(*texts: str, ids: list[str] = IDS, fold: bool = False) -> Outputs:
    return with_ids_of_data(lines(*texts), {"sample": ids}, "hyp.txt", fold=fold)


# The first word of each line is the id of a sample, each once: no plain transcripts look like it.
@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (
            ("u1 hello world", "u2 the cat", "u3 x"),
            {"u1": "hello world", "u2": "the cat", "u3": "x"},
        ),
        (("wavs/u1.wav a", "wavs/u2.wav b", "wavs/u3.wav"), {"u1": "a", "u2": "b", "u3": ""}),
        (("u3\tx", "u1  a  b ", "u2"), {"u3": "x", "u1": "a  b", "u2": ""}),  # tabs; nothing said
        (("u2 a", "", "u1 b"), {"u2": "a", "u1": "b"}),  # an empty line; u3 is missing
        (
            ("hello world (u1)", "(u3)", "a (b) @ (u2)"),
            {"u1": "hello world", "u3": "", "u2": "a (b)"},
        ),
    ],
)
def test_lines_that_carry_ids(texts: tuple[str, ...], values: dict[str, str]) -> None:
    found = placed(*texts)
    assert found.values == values and not found.positional
    assert "the id of a sample, so lines are read as" in found.notes[0]


@pytest.mark.parametrize(
    ("texts", "ids"),
    [
        (("hello world", "the cat", ""), IDS),
        (("u1", "is a boat", "seen from above"), IDS),  # one of three: chance
        (("one dog", "two cats", "one"), ["one", "three", "four"]),
        (("2", "2", "1"), ["1", "2", "3"]),  # answers that are numbers, as ids are
        (("7 dogs", "3 cats", "a bird"), ["1", "2", "3"]),
    ],
)
def test_plain_lines_stay_in_the_order_of_the_samples(
    texts: tuple[str, ...], ids: list[str]
) -> None:
    assert placed(*texts, ids=ids) == lines(*texts)


@pytest.mark.parametrize(
    ("texts", "ids", "words"),
    [
        (("u1 a", "u2 b", "u4 c"), IDS, "line 3 begins with 'u4', which is not the id of a sample"),
        (("u1 a", "u1 b", "u2 c"), IDS, "repeated: u1"),
        (("U1 a", "U2 b", "U3 c"), IDS, "--fold-ids reads it as u1"),
        (("u1,a", "u2,b c", "u3,d"), IDS, "line 1 begins with 'u1,a'"),
        (("u1|a", "u2|b c", "u3|d"), IDS, ".csv"),
        (("a (u1)", "b (u2)", "c (u4)"), IDS, "line 3 ends in 'u4'"),
        (("{ a / b } (u1)", "b (u2)", "c (u3)"), IDS, "sample u1 has alternatives"),
        (("u1", "u3", "u2"), IDS, "perhaps by chance"),  # all silent, or words like ids
        (("2 dogs", "1 cat", "3"), ["1", "2", "3"], "perhaps by chance"),
        (("0|a dog", "1|a cat"), ["0", "1"], "begins with '0|a'"),  # numbers in a table
        (("u\u03081 a", "u\u03082 b"), ["\u00fc1", "\u00fc2"], "which is not the id of a sample"),
    ],
)
def test_what_may_be_ids_is_not_read_as_words(
    texts: tuple[str, ...], ids: list[str], words: str
) -> None:
    with pytest.raises(DataError) as caught:
        placed(*texts, ids=ids)
    assert words in str(caught.value) and str(caught.value).startswith("hyp.txt: ")


def test_numbered_lines_in_the_order_of_the_samples() -> None:
    found = placed("0 a dog", "1 a cat", "2", ids=["0", "1", "2"])
    assert found.values == {"0": "a dog", "1": "a cat", "2": ""}


def test_ids_without_their_case() -> None:
    """As sclite matches them (src/sclite/align.c lowers the case of ids unless -s is given)."""
    given = Outputs({"U1": "a", "u2": "b"}, tags={"U1": {"audio_seconds": "2"}})
    found = with_ids_of_data(given, {"sample": IDS}, "x", fold=True)
    assert found.values == {"u1": "a", "u2": "b"} and found.tags == {"u1": {"audio_seconds": "2"}}
    assert with_ids_of_data(given, {"sample": IDS}, "x") == given
    assert placed("U1 a", "u2 b", "U3", fold=True).values == {"u1": "a", "u2": "b", "u3": ""}
    assert placed("a", "b", "c", fold=True).positional
    listed = Outputs({"Q1": ["D2", "d1"]})
    sides = {"query": ["q1"], "corpus": ["D1", "d2"]}
    assert with_ids_of_data(listed, sides, "x", fold=True).values == {"q1": ["d2", "D1"]}


@pytest.mark.parametrize(
    ("values", "ids", "words"),
    [
        ({"u1": "a"}, ["u1", "U1"], "sample id in lower case"),
        ({"u1": "a", "U1": "b"}, ["u1"], "output id in lower case"),
    ],
)
def test_ids_that_are_alike_without_case(
    values: dict[str, str], ids: list[str], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        with_ids_of_data(Outputs(values), {"sample": ids}, "x", fold=True)


def score(folder: Path, name: str, said: str, **more: bool) -> mmbench.RunRecord:
    (folder / "ref.trn").write_text("{ hello / hi } world (u1)\nthe cat (u2)\n")
    (folder / name).write_text(said)
    return mmbench.score("transcripts", folder / name, data=folder / "ref.trn", **more).record


def test_scores_of_each_form_are_the_same(tmp_path: Path) -> None:
    """One of the four words that were to be said is wrong, whatever the file is called."""
    forms = {
        "hyp.trn": "hi world (u1)\nthe hat (u2)\n",
        "hyp.txt": "u2 the hat\nu1 hi world\n",
        "text": "u2 the hat\nu1 hi world\n",
        "plain.txt": "hi world\nthe hat\n",
        "folded.trn": "hi world (U1)\nthe hat (u2)\n",
    }
    records = {n: score(tmp_path, n, said, fold_ids=n[0] == "f") for n, said in forms.items()}
    assert {n: r.scores["wer[none]"].value for n, r in records.items()} == dict.fromkeys(
        forms, 0.25
    )
    assert "every line begins with the id of a sample" in records["hyp.txt"].notes[1]
    with pytest.raises(DataError, match="--fold-ids matches ids that differ only in case"):
        score(tmp_path, "folded.trn", forms["folded.trn"])


def test_the_oracle_takes_the_first_alternative(tmp_path: Path) -> None:
    (tmp_path / "ref.trn").write_text("{ @ / uh } { hello / hi } world (u1)\n")
    record = mmbench.evaluate("oracle", "transcripts", data=tmp_path / "ref.trn").record
    assert record.scores["wer[none]"].value == 0


@pytest.mark.parametrize("name", ["hyp.ctm", "hyp.STM"])
def test_times_are_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("u1 A 0.0 0.5 hello\n")
    with pytest.raises(DataError, match="with times, which"):
        transcripts(tmp_path / name)
    if name.endswith(".ctm"):  # .stm files have speakers, and are outputs of the task meetings
        with pytest.raises(DataError, match="with times, which"):
            read_outputs(tmp_path / name)


def test_a_data_folder_of_kaldi(tmp_path: Path) -> None:
    """The formats as kaldi-asr.org, "Data preparation", shows them."""
    (tmp_path / "text").write_text("s1-u1 HELLO YOU\ns1-u2\ns2-u1 { A / B }\n")
    (tmp_path / "utt2spk").write_text("s1-u1 s1\ns1-u2 s1\ns2-u1 s2\n")
    (tmp_path / "wav.scp").write_text("s1-u1 wav/1.wav\ns1-u2 sph2pipe -f wav 2.sph |\n")
    (tmp_path / "s2-u1.flac").touch()
    data = transcripts(tmp_path)
    assert data == transcripts(tmp_path / "text")
    assert [s.target for s in data.samples] == ["HELLO YOU", "", "{ A / B }"]  # braces are words
    assert data.group_name == "speaker" and [s.group for s in data.samples] == ["s1", "s1", "s2"]
    sounds = [sample.inputs["audio"] for sample in data.samples]
    assert sounds[0] == Media("audio", str(tmp_path / "wav/1.wav"))
    assert isinstance(sounds[1], InvalidContent) and "does not run" in sounds[1].reason
    assert sounds[2] == Media("audio", str(tmp_path / "s2-u1.flac"))
    (tmp_path / "segments").write_text("s1-u1 rec1 0.0 1.5\n")
    assert all(isinstance(s.inputs["audio"], InvalidContent) for s in transcripts(tmp_path).samples)
    (tmp_path / "text").write_text("u1 a\nu1 b\n")
    with pytest.raises(DataError, match="repeated: u1"):
        transcripts(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("ref.txt", "u1 hello\n", "seem to begin with an id; name a file of such lines text, or"),
        ("ref.trn", "{ a / b (u1)\n", "sample u1: a brace is not closed"),
    ],
)
def test_references_that_are_refused(tmp_path: Path, name: str, content: str, words: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=words):
        transcripts(tmp_path / name)

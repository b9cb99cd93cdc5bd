"""The sources `answers` and `transcripts`: texts that are right."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.data.sources.answers import answers
from mmbench.data.sources.transcripts import transcripts
from mmbench.errors import DataError
from mmbench.types import InvalidContent, Media
from tests.support.files import write_file, write_lines
from tests.support.layouts.coco import touch
from tests.support.paths import real_data


def test_jsonl_answers(tmp_path):
    touch(tmp_path, "a.jpg")
    touch(tmp_path / "s", "b.wav")
    file = write_file(
        tmp_path / "x.jsonl",
        '{"id": 1, "question": "What?", "answer": "a dog", "image": "a.jpg", "n": 3, "ok": true}\n'
        '{"question_id": "b", "answers": ["12", 12.5], "audio": "s/b.wav", "group": 7, "n": ""}\n',
    )
    first, second = answers(file).samples
    assert (first.id, first.target, first.group) == ("1", "a dog", "")
    assert first.inputs == {"question": "What?", "image": Media("image", str(tmp_path / "a.jpg"))}
    assert first.tags == {"n": "3", "ok": "true"}
    assert (second.id, second.target, second.group, second.tags) == ("b", ["12", "12.5"], "7", {})
    assert second.inputs == {"audio": Media("audio", str(tmp_path / "s/b.wav"))}


def test_csv_answers(tmp_path):
    text = 'id,question,answer,answer,kind\n1,What?,a dog,dog,x\n2,Who?,"me|you, all",,\n'
    first, second = answers(write_file(tmp_path / "x.csv", text)).samples
    assert (first.target, first.tags) == (["a dog", "dog"], {"kind": "x"})
    assert (second.target, second.tags) == ("me|you, all", {})


CHOICES = ["cat", "dog", "a bird"]


@pytest.mark.parametrize("answer", ["B", "dog"])
def test_options_in_jsonl(tmp_path, answer):
    row = {"id": 1, "question": "What?", "answer": answer, "options": CHOICES, "group": 7}
    (sample,) = answers(write_file(tmp_path / "x.jsonl", row)).samples
    assert sample.target == {"answer": "B", "options": CHOICES}
    assert sample.inputs == {"question": "What?", "options": "A. cat\nB. dog\nC. a bird"}
    assert (sample.group, sample.tags) == ("7", {})


def test_options_in_columns(tmp_path):
    text = (
        "id\tanswer\tA\tB\tC\tD\tcategory\n1\tC\tcat\tdog\ta bird\t\tx\n2\tdog\tcat\tdog\t\t\ty\n"
    )
    first, second = answers(write_file(tmp_path / "x.tsv", text)).samples
    assert first.target == {"answer": "C", "options": CHOICES}
    assert second.target == {"answer": "B", "options": CHOICES[:2]}
    assert first.tags == {"category": "x"}


LETTERS = ["E", "B", "C", "A"]  # a question of MMMU has these options


def targets(tmp_path, *rows):
    file = write_lines(tmp_path / "x.jsonl", *({"id": n} | row for n, row in enumerate(rows)))
    return [sample.target for sample in answers(file).samples]


def test_a_letter_is_that_of_a_position(tmp_path):
    """MMMU's official code (eval_utils.py) compares letters of positions: A is the option E."""
    first, second, third = targets(
        tmp_path,
        {"answer": "A", "options": LETTERS},
        {"answer": "B", "options": LETTERS},
        {"answer": "C", "options": CHOICES},
    )
    assert first == {"answer": "A", "options": LETTERS}
    assert second == {"answer": "B", "options": LETTERS}
    assert third["answer"] == "C"


def test_an_ambiguous_answer_fails_its_sample_alone(tmp_path):
    """Where other answers are texts, A may be the text of option D as well; B is both at once."""
    broken, both, text, only, twice = targets(
        tmp_path,
        {"answer": "A", "options": LETTERS},
        {"answer": "B", "options": LETTERS},
        {"answer": "dog", "options": CHOICES},
        {"answer": "E", "options": LETTERS},
        {"answer": "cat", "options": ["cat", "cat"]},
    )
    assert (
        isinstance(broken, InvalidContent)
        and "line 1: answer 'A' may mean options A, D" in broken.reason
    )
    assert both["answer"] == "B" and text["answer"] == "B" and only["answer"] == "A"
    assert isinstance(twice, InvalidContent) and "may mean options A, B" in twice.reason


def row(**cells):
    return json.dumps({"id": 1, **cells})


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "x.jsonl",
            row(question="What?"),
            "(no answer); the columns are id, question; add --columns",
        ),
        ("x.jsonl", row(answer=None), "line 1: answer is missing; give a string"),
        ("x.jsonl", row(answer=""), "line 1: answer is empty"),
        ("x.jsonl", row(answers=[]), "line 1: answers is empty"),
        ("x.jsonl", row(answers=["a", None]), "line 1: answers is ['a', None]; give a string"),
        (
            "x.jsonl",
            row(answer="D", options=CHOICES),
            "matches 0 of the 3 options; give one letter from A to C",
        ),
        ("x.jsonl", row(answer=0, options=CHOICES), "matches 0 of the 3 options"),
        ("x.jsonl", row(answers=["A", "B"], options=CHOICES), "matches 2 of the 3 options"),
        ("x.jsonl", row(answer="A", options=["cat"]), "2 to 26 strings"),
        ("x.jsonl", row(answer="A", options="cat dog"), "2 to 26 strings"),
        (
            "x.jsonl",
            row(answer="A", options=list("abcdefghijklmnopqrstuvwxyz!")),
            "2 to 26 strings",
        ),
        ("x.jsonl", f"{row(answer='a')}\n{row(answer='b')}", "each id must occur once"),
        (
            "x.jsonl",
            row(answer="a", file="x.pdf"),
            "file is 'x.pdf', which has no image, audio or video extension",
        ),
        ("x.jsonl", row(answer="a", question=["b"]), "question is ['b']; give a string"),
        ("x.csv", "id,answer,A,B,C\n1,A,x,,y\n", "line 2: option B is empty"),
        ("x.csv", "id,question\n1,2\n", "(no answer); the columns are id, question"),
        ("x.csv", "id,answer\n1,\n", "line 2: answer is empty"),
        ("x.csv", "id,answer,answer\n1,,\n", "line 2: answer is empty"),
        ("x.json", "[]", "no rows of data"),
        ("x.json", '["a"]', "x.json: $[0] is not an object of columns and values"),
        ("x.json", '{"a": "b", "a": "c"}', "each key of an object must occur once"),
        ("x.yaml", "[]", "unknown format; give a table (.csv, .tsv, .jsonl, .json"),
        ("x.csv", b"id,answer\n1,\xff\n", "line 2 column 3"),
    ],
)
def test_what_is_refused_of_answers(tmp_path, name, content, words):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as caught:
        answers(file)
    assert words in str(caught.value) and name in str(caught.value)


def test_no_data(tmp_path):
    for source in (answers, transcripts):
        with pytest.raises(DataError, match="no data were given; give --data PATH"):
            source(None)
        with pytest.raises(DataError, match="has no media files"):
            source(tmp_path)
    for name in ("a.csv", "b.csv"):
        write_file(tmp_path / name, "id,text\n")
    with pytest.raises(DataError, match=r"several such files \(a\.csv, b\.csv\); give one file"):
        answers(tmp_path)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(st.dictionaries(TEXTS, st.lists(TEXTS, min_size=1), min_size=1))
def test_round_trip_of_answers(tmp_path_factory, given):
    rows = [{"id": id, "answers": texts} for id, texts in given.items()]
    file = tmp_path_factory.getbasetemp() / "answers.jsonl"
    data = answers(write_lines(file, *rows))
    read = {s.id: [s.target] if isinstance(s.target, str) else s.target for s in data.samples}
    assert read == given


def said(data):
    return {sample.id: (sample.target, sample.group) for sample in data.samples}


def test_trn_with_and_without_sounds(tmp_path):
    file = write_file(tmp_path / "ref.trn", "hello you (s1-u1)\n(s1-u2)\n")
    touch(tmp_path, "s1-u1.wav", "s1-u1.flac", "other.wav")
    data = transcripts(file)
    assert (
        said(data) == said(transcripts(tmp_path)) == {"s1-u1": ("hello you", ""), "s1-u2": ("", "")}
    )
    assert data.samples[0].inputs == {"audio": Media("audio", str(tmp_path / "s1-u1.flac"))}
    assert data.samples[1].inputs == {
        "audio": InvalidContent(f"no audio file s1-u2.* in {tmp_path}")
    }


def test_tables_of_transcripts(tmp_path):
    touch(tmp_path / "a", "u1.wav")
    file = write_file(
        tmp_path / "x.csv",
        "id,text,speaker,audio,audio_seconds\nu1,hello,ann,a/u1.wav,2.5\nu2,,,,\n",
    )
    data = transcripts(file)
    assert said(data) == {"u1": ("hello", "ann"), "u2": ("", "")}
    assert data.samples[0].tags == {"speaker": "ann", "audio_seconds": "2.5"}
    assert data.samples[1].tags == {}
    assert data.samples[0].inputs == {"audio": Media("audio", str(tmp_path / "a/u1.wav"))}
    assert data.samples[1].inputs == {
        "audio": InvalidContent(f"{file} line 3: audio is empty, so the audio file is missing")
    }
    rows = write_file(tmp_path / "x.jsonl", '{"id": 1, "text": "hello", "speaker": 12}')
    assert said(transcripts(rows)) == {"1": ("hello", "12")}


def test_librispeech(tmp_path):
    for speaker, chapter in (("84", "121123"), ("1088", "134315")):
        name = f"{speaker}-{chapter}"
        folder = tmp_path / speaker / chapter
        write_file(folder / f"{name}.trans.txt", f"{name}-0000 GO DO YOU HEAR\n{name}-0001 BUT\n")
        touch(folder, f"{name}-0000.flac")
    data = transcripts(tmp_path)
    assert said(data) == {
        "1088-134315-0000": ("GO DO YOU HEAR", "1088"),
        "1088-134315-0001": ("BUT", "1088"),
        "84-121123-0000": ("GO DO YOU HEAR", "84"),
        "84-121123-0001": ("BUT", "84"),
    }
    sound = str(tmp_path / "84/121123/84-121123-0000.flac")
    assert data.samples[2].inputs == {"audio": Media("audio", sound)}
    missing = InvalidContent(f"no audio file 84-121123-0001.* in {tmp_path / '84/121123'}")
    assert data.samples[3].inputs == {"audio": missing}


def test_transcription_and_fileids(tmp_path):
    write_file(tmp_path / "transcription", "<s> hello you </s> (u1)\nand I (u2)\n")
    write_file(tmp_path / "fileids", "deep/u2\nu1\n")
    touch(tmp_path / "deep", "u2.wav")
    data = transcripts(tmp_path)
    assert said(data) == {"u2": ("and I", ""), "u1": ("hello you", "")}
    assert data.samples[0].inputs == {"audio": Media("audio", str(tmp_path / "deep/u2.wav"))}
    write_file(tmp_path / "fileids", "deep/u2\nu3\n")
    with pytest.raises(DataError, match="in only one of transcription and fileids: u1, u3"):
        transcripts(tmp_path)


@pytest.mark.parametrize(
    ("content", "ident"),
    [
        ("audio,transcription\nwavs/u1.wav,a b\n", "wavs/u1.wav"),  # Hugging Face's audio folders
        ("utt_id,sentence,accent\nu1,a b,\n", "u1"),
        ("id,transcript\nu1,a b\n", "u1"),
        ("id,sentence,text\nu1,A B.,a b\n", "u1"),  # `text` wins
    ],
)
def test_columns_of_references_by_other_names(tmp_path, content, ident):
    write_file(tmp_path / "ref.csv", content)
    (sample,) = transcripts(tmp_path / "ref.csv").samples
    assert (sample.id, sample.target) == (ident, "a b")


def test_two_columns_of_references_are_not_chosen_from(tmp_path):
    write_file(tmp_path / "ref.csv", "id,transcript,sentence\nu1,a b,A B.\n")
    with pytest.raises(DataError, match="text could be in transcript, sentence, which differ"):
        transcripts(tmp_path / "ref.csv")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.trn", "hello\n", "line 1 does not end in an id"),
        ("x.trn", "a (1)\nb (1)\n", "repeated: 1"),
        (
            "x.csv",
            "id,said\n1,a\n",
            "(no text); the columns are id, said; add --columns",
        ),
        ("x.jsonl", '{"id": 1, "text": null}', "line 1: text is missing"),
        ("x.jsonl", '{"id": 1, "text": "a"', "line 1 column"),
        ("1-2.trans.txt", "1-2-0 A\n1-2-0 B\n", "repeated: 1-2-0"),
    ],
)
def test_what_is_refused_of_transcripts(tmp_path, name, content, words):
    write_file(tmp_path / name, content)
    with pytest.raises(DataError) as caught:
        transcripts(tmp_path)
    assert words in str(caught.value)


def test_librivox():
    folder = real_data("speech/librivox")
    data = transcripts(folder)
    assert [sample.id[-4:] for sample in data.samples] == ["0870", "0880", "0890", "0920", "0930"]
    assert data.samples[1].target == "he was not an ill disposed young man"
    sounds = [sample.inputs["audio"] for sample in data.samples]
    assert not any(isinstance(sound, InvalidContent) for sound in sounds)
    assert all(
        sound.name.endswith(f"{s.id}.wav") for sound, s in zip(sounds, data.samples, strict=True)
    )


@pytest.mark.parametrize("answer", ["B", "b", "(B)", "B.", "b)", "dog"])
@pytest.mark.parametrize("options", [["cat", "dog"], "['cat', 'dog']", '["cat", "dog"]'])
def test_forms_of_a_right_letter_and_of_options(tmp_path, answer, options):
    """BLINK writes (B); MMMU's tables hold a list as Python writes it."""
    write_file(tmp_path / "x.jsonl", json.dumps({"id": "a", "answer": answer, "options": options}))
    (sample,) = answers(tmp_path / "x.jsonl").samples
    assert sample.target == {"answer": "B", "options": ["cat", "dog"]}


def test_options_that_are_numbers_or_small_letters(tmp_path):
    rows = [
        {"id": "a", "answer": "3", "options": [2, 3, 4.5]},
        {"id": "b", "answer": "a", "options": ["b", "a"]},  # the text of B, not the letter A
    ]
    write_lines(tmp_path / "x.jsonl", *rows)
    first, second = answers(tmp_path / "x.jsonl").samples
    assert first.target == {"answer": "B", "options": ["2", "3", "4.5"]}
    assert second.target == {"answer": "B", "options": ["b", "a"]}

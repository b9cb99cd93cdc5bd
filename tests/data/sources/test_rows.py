"""The source `rows`: data sets of the datasets library with images and sounds inside."""

import json
from pathlib import Path

import datasets
import pytest
from datasets import Audio, ClassLabel, Features, Sequence, Value

from mmbench.data.mapping.samples import ColumnMapping, sample_table
from mmbench.data.readers.records import Record
from mmbench.data.readers.rows import FileRows
from mmbench.data.sources.row_samples import listing, rows
from mmbench.datasets import Samples
from mmbench.engine.loading.data.datasets import load_data
from mmbench.errors import DataError, UnknownName
from mmbench.media import read_bytes
from mmbench.spec import load_task
from mmbench.types import InvalidContent, Media
from tests.support.files import write_file
from tests.support.layouts import questions
from tests.support.media.images import png
from tests.support.media.sounds import wav

pytestmark = pytest.mark.usefixtures("own_datasets")

PATH = "some/data"


def bytes_of(samples, name):
    return [read_bytes(sample.inputs[name]) for sample in samples]


def test_mmmu(tmp_path):
    questions.mmmu(tmp_path)
    options = load_task("mmmu").data
    names = ["Art", "Math"]
    data = rows(tmp_path, **{k: v for k, v in options.items() if k != "source"} | {"name": names})
    expected = [f"validation_{name}_{n}" for name in names for n in range(2)]
    assert [sample.id for sample in data.samples] == expected
    first = data.samples[0]
    assert first.target == {"answer": "B", "options": ["$1", "It's two"]}
    assert first.inputs.keys() == {"image_1", "question", "options"}
    assert first.inputs["options"] == "A. $1\nB. It's two"
    own = {"subfield": "x", "difficulty": "Easy", "question_type": "multiple-choice"}
    assert first.tags == own
    assert bytes_of(data.samples, "image_1") == [png(0), png(1)] * 2


@pytest.fixture
def speech(tmp_path):
    made = datasets.Dataset.from_list(
        [
            {"id": f"u{n}", "text": f"HELLO u{n}", "audio": {"bytes": wav(n), "path": "x"}}
            for n in (1, 2)
        ]
    )
    (tmp_path / "data").mkdir()
    # As on the hub: a column that the library would decode.
    made = made.cast_column("audio", Audio(sampling_rate=16000))
    made.to_parquet(tmp_path / "data/test-00000-of-00001.parquet")
    return tmp_path


def test_sounds_are_left_encoded(speech):
    options = {"id": "id", "columns": {"audio": "audio"}, "target": "text"}
    data = rows(speech, path=PATH, **options)
    assert [(s.id, s.target) for s in data.samples] == [("u1", "HELLO u1"), ("u2", "HELLO u2")]
    assert bytes_of(data.samples, "audio") == [wav(1), wav(2)]
    sound = data.samples[1].inputs["audio"]
    assert (sound.modality, sound.name) == ("audio", f"audio of {speech} (test) row 1")
    assert data.source == {"path": str(speech)}


def test_a_task_without_its_folder_is_read_from_what_its_hub_block_names(speech, tmp_path):
    task = write_file(
        tmp_path / "task.yaml",
        "kind: writing\nmetrics: ['wer[basic]']\nheadline: wer[basic]\nfields: {audio: audio}\n"
        f"data: {{source: transcripts, folder: absent, hub: {{path: '{speech}', split: test,"
        " columns: {audio: audio}, target: text}}\n",
    )
    data = load_data(load_task(str(task)), None)
    assert isinstance(data, Samples)
    assert [sample.target for sample in data.samples] == ["HELLO u1", "HELLO u2"]


def test_labels_of_the_library_and_of_the_task(tmp_path):
    features = Features(
        {
            "one": ClassLabel(names=["cat", "dog"]),
            "many": Sequence(ClassLabel(names=["x", "y", "z"])),
            "word": Value("string"),
            "image": {"bytes": Value("binary"), "path": Value("string")},
            "raw": Value("binary"),
        }
    )
    row = {
        "one": 1,
        "many": [2, 0],
        "word": "dog",
        "image": {"bytes": b"i", "path": None},
        "raw": b"r",
    }
    questions.parquet(tmp_path / "test.parquet", [row], features)
    one = rows(tmp_path, path=PATH, target="one", columns={"image": "image", "audio": "raw"})
    assert (one.labels, one.samples[0].target) == (["cat", "dog"], 1)
    assert bytes_of(one.samples, "image") == [b"i"]
    assert bytes_of(one.samples, "audio") == [b"r"]
    assert rows(tmp_path, path=PATH, target="many").samples[0].target == [0, 2]
    given = rows(tmp_path, path=PATH, target="word", labels=["dog", "cat"])
    assert (given.labels, given.samples[0].target) == (["dog", "cat"], 0)
    with pytest.raises(UnknownName, match=r"label \(.* row 0\) 'dog': known: cat"):
        rows(tmp_path, path=PATH, target="word", labels=["cat"])
    with pytest.raises(UnknownName, match="did you mean word"):
        rows(tmp_path, path=PATH, target="wrod")
    with pytest.raises(DataError, match="selects none of its 1 rows"):
        rows(tmp_path, path=PATH, target="word", where={"word": ["a", "b"]})


def test_a_folder_of_images(tmp_path):
    for name in ("cat", "dog"):
        write_file(tmp_path / "test" / name / "1.png", png(len(name)))
    data = rows(tmp_path, path=PATH, columns={"image": "image"}, target="label")
    assert data.labels == ["cat", "dog"]
    paths = [str(tmp_path / f"test/{name}/1.png") for name in ("cat", "dog")]
    assert [s.inputs["image"] for s in data.samples] == [Media("image", path) for path in paths]


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_text_that_the_library_cannot_decode_is_refused(name, encoding, tmp_path):
    text = "q,y\na,b\n" if name == "x.csv" else '{"q": "a", "y": "b"}'
    (tmp_path / name).write_bytes(text.encode(encoding))  # with a byte order mark
    with pytest.raises(DataError, match=f"{name} is {encoding.upper()}; save it as UTF-8"):
        rows(tmp_path / name, path=PATH, columns={"question": "q"})


def test_answers_in_a_list_of_structs_and_paths_beside(tmp_path):
    row = {"q": "What?", "answers": [{"answer": "a"}, {"answer": "b"}]}
    write_file(tmp_path / "test.jsonl", json.dumps(row))
    data = rows(
        tmp_path / "test.jsonl", path=PATH, columns={"question": "q"}, target="answers.answer"
    )
    assert (data.samples[0].id, data.samples[0].target) == ("0", ["a", "b"])


@pytest.mark.parametrize(
    ("answer", "options", "letter"),
    [
        ("A", ["E", "B", "C", "A"], "A"),  # a letter is that of a position, as in MMMU's code
        ("E", ["E", "B", "C", "A"], "A"),  # no letter of a position, so a text
        (3, ["E", "B", "C", "A"], "D"),  # a position from 0
        ("dog", ["cat", "dog"], "B"),
        ("cat", ["cat", "cat"], None),  # the text of two options
    ],
)
def test_the_letter_of_an_answer(answer, options, letter):
    record = Record("x line 1", {"id": "1", "answer": answer, "options": options})
    place = FileRows(Path("x"), [record])
    (sample,) = sample_table(place, ColumnMapping("id", {}, "answer", "options"))
    if letter is None:
        assert (
            sample.target
            == sample.inputs["options"]
            == InvalidContent("x line 1: answer 'cat' may mean options A, B; give one letter")
        )
    else:
        assert sample.target == {"answer": letter, "options": options}


def test_folders_of_one_name_do_not_share_rows(tmp_path):
    """The library's own cache depends on the name of the folder and on its README alone."""

    def write(place, texts):
        made = datasets.Dataset.from_list([{"text": one, "answer": one} for one in texts])
        write_file(
            place / "README.md",
            "---\nconfigs:\n- config_name: default\n  data_files:\n"
            "  - {split: test, path: t.parquet}\n---\n",
        )
        made.to_parquet(place / "t.parquet")

    def answers(place):
        return [
            one.target for one in rows(place, columns={"text": "text"}, target="answer").samples
        ]

    for place, texts in ((tmp_path / "a" / "set", ["x"]), (tmp_path / "b" / "set", ["y", "z"])):
        write(place, texts)
        assert answers(place) == texts
    write(tmp_path / "a" / "set", ["new"])
    assert answers(tmp_path / "a" / "set") == ["new"]


def test_keyed_files_and_name_files_are_next_to_the_rows(tmp_path):
    write_file(tmp_path / "data" / "rows.json", [{"key": "a", "q": "?"}])
    write_file(tmp_path / "other.json", {"a": "secret"})
    options = {"files": "rows.json", "columns": {"question": "q"}}
    for file in ("../other.json", str(tmp_path / "other.json")):
        with pytest.raises(DataError, match=r"other\.json is outside its folder"):
            listing(tmp_path / "data", **options, target="x", keyed={"x": {"file": file}})
        with pytest.raises(DataError, match=r"other\.json is outside its folder"):
            listing(tmp_path / "data", **options, names={"file": file, "key": "{q}"})

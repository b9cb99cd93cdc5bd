"""Outputs of others: every format read from literal files, and what is refused with which words."""

import csv
import io
import json
import re
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmbench
from mmbench import registry
from mmbench.data.sources.answers import answers
from mmbench.engine.loading.data.outputs import read_outputs
from mmbench.engine.options import RunSettings
from mmbench.engine.score import score
from mmbench.errors import DataError
from mmbench.types import Outputs
from tests.support.paths import ROOT, real_data


def read(tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_outputs(file)


def refused(tmp_path, name, content):
    with pytest.raises(DataError) as caught:
        read(tmp_path, name, content)
    message = str(caught.value)
    assert name in message and "\n" not in message
    return message


JSONL = (
    '{"id": "a", "value": "a dog", "audio_seconds": 2.5, "ok": true, "more": {"x": 1}, "z": null}\n'
    '{"id": 7, "value": 3}\n'
    '{"id": "c", "value": {"cat": 1, "dog": 0.5}}\n'
    '{"id": "d", "value": ["d1", 12]}\n'
    '{"id": "e", "value": [0, 0.5]}\n'
)
VALUES = {
    "a": "a dog",
    "7": 3,
    "c": {"cat": 1.0, "dog": 0.5},
    "d": ["d1", "12"],
    "e": [0.0, 0.5],
}


def test_jsonl(tmp_path):
    outputs = read(tmp_path, "x.jsonl", JSONL)
    assert outputs.values == VALUES
    assert outputs.tags == {"a": {"audio_seconds": "2.5", "ok": "true"}}
    assert not outputs.positional


def test_byte_order_mark_windows_lines_and_empty_lines_change_nothing(tmp_path):
    plain = read(tmp_path, "x.jsonl", JSONL)
    odd = read(tmp_path, "y.jsonl", "\ufeff" + JSONL.replace("\n", "\r\n\r\n"))
    assert (odd.values, odd.tags) == (plain.values, plain.tags)


def test_the_digest_is_of_the_bytes(tmp_path):
    one, same = read(tmp_path, "x.jsonl", JSONL), read(tmp_path, "y.jsonl", JSONL)
    other = read(tmp_path, "x.jsonl", JSONL.replace("a dog", "a cat"))
    assert re.fullmatch("[0-9a-f]{32}", one.digest)
    assert one.digest == same.digest != other.digest


# A single column of either sort is used; our own `id` and `value` win over the others.
@pytest.mark.parametrize(
    ("record", "tags"),
    [
        ({"question_id": 1, "answer": "yes"}, {}),
        ({"image_id": 1, "caption": "yes"}, {}),
        ({"text": "yes", "id": 1}, {}),
        ({"prediction": "yes", "id": "1"}, {}),
        ({"image_id": 9, "question_id": 1, "question": "why?", "answer": "yes"},
         {"image_id": "9", "question": "why?"}),
        ({"question_id": 9, "id": 1, "answer": "no", "value": "yes"},
         {"question_id": "9", "answer": "no"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["x.jsonl", "list.json", "x.csv", "x.tsv"])
def test_names_that_others_give_to_id_and_value(tmp_path, form, record, tags):
    outputs = read(tmp_path, form, written(form, [record]))
    assert outputs.values == {"1": "yes"}
    assert outputs.tags.get("1", {}) == tags


def written(form, records):
    if form.endswith(".jsonl"):
        return "\n".join(map(json.dumps, records))
    if form.endswith(".json"):
        return json.dumps(records)
    stream = io.StringIO(newline="")
    delimiter = "\t" if form.endswith(".tsv") else ","
    writer = csv.DictWriter(stream, list(records[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(records)
    return stream.getvalue()


def test_coco_and_vqa_results(tmp_path):
    coco = '[{"image_id": 404464, "caption": "a man"}, {"image_id": 2, "caption": ""}]'
    assert read(tmp_path, "x.json", coco).values == {"404464": "a man", "2": ""}
    vqa = '[{"question_id": 1, "answer": "yes"}]'
    assert read(tmp_path, "x.json", vqa).values == {"1": "yes"}


def test_json_mapping(tmp_path):
    outputs = read(tmp_path, "x.json", '{"image1": "a cat", "2": ["b", "a"], "3": {"x": 1}}')
    assert outputs.values == {"image1": "a cat", "2": ["b", "a"], "3": {"x": 1.0}}


def test_json_lines_called_json(tmp_path):
    lines = '{"question_id": 1, "answer": "no"}\r\n{"question_id": 2, "answer": "yes"}\r\n'
    assert read(tmp_path, "coco_pope.json", lines).values == {"1": "no", "2": "yes"}


def test_answers_in_the_order_of_their_questions(tmp_path):
    # The format of POPE's README: "the order of POPE questions and the answer should be the same".
    lines = (
        '{"question": "is there a bird?", "answer": "yes"}\n{"question": "b?", "answer": "no"}\n'
    )
    outputs = read(tmp_path, "x.json", lines)
    assert outputs.positional
    assert outputs.values == {"0": "yes", "1": "no"}
    assert outputs.tags == {"0": {"question": "is there a bird?"}, "1": {"question": "b?"}}
    mixed = lines + '{"id": 7, "answer": "no"}\n'
    assert "line 1: no id" in refused(tmp_path, "x.jsonl", mixed)


def test_scores_by_label_in_a_table(tmp_path):
    outputs = read(tmp_path, "x.csv", "dog,id,cat\n0.25,a,1\n-3,b,1e2\n")
    assert outputs.values == {"a": {"dog": 0.25, "cat": 1.0}, "b": {"dog": -3.0, "cat": 100.0}}
    assert refused(tmp_path, "x.csv", "id,cat\na,1\nb,much\n").endswith(
        "line 3: cat is 'much'; give a number"
    )


def test_the_index_that_pandas_writes_is_no_label(tmp_path):
    assert read(tmp_path, "x.csv", ",id,cat\n0,a,1\n").values == {"a": {"cat": 1.0}}


def test_a_column_several_times_is_a_list(tmp_path):
    outputs = read(tmp_path, "x.csv", "id,value,value\nq1,d1,d2\nq2,d2,\n")
    assert outputs.values == {"q1": ["d1", "d2"], "q2": ["d2"]}


def test_quotes_and_line_breaks_in_a_table(tmp_path):
    outputs = read(tmp_path, "x.csv", 'id,value\r\na,"a ""red"",\r\nround dog"\r\n\r\nb,\r\n')
    assert outputs.values == {"a": 'a "red",\r\nround dog', "b": ""}


def test_transcripts(tmp_path):
    text = ";; a comment (no)\nhello (there) you (s1-u1)\n\n(s1-u2)\r\n  a  b   (s2_u1)  \n"
    values = read(tmp_path, "x.trn", text).values
    assert values == {"s1-u1": "hello (there) you", "s1-u2": "", "s2_u1": "a  b"}
    assert "line 2 does not end in an id" in refused(tmp_path, "x.trn", "a (1)\nb\n")
    assert "no lines" in refused(tmp_path, "x.trn", ";; nothing\n")


def test_plain_lines_are_in_the_order_of_the_samples(tmp_path):
    outputs = read(tmp_path, "x.txt", "one\r\n\r\n three \n")
    assert outputs.values == {"0": "one", "1": "", "2": " three "}
    assert outputs.positional
    assert read(tmp_path, "x.txt", "a\n\n").values == {"0": "a", "1": ""}
    assert read(tmp_path, "x.txt", "a").values == {"0": "a"}


RUN = (
    "q1 Q0 d1 1 0.5 me\n# a comment\nq1 Q0 d2 2 0.75 me\nq2 Q0 d1 9 -1 me\n\n"
    "q1\tQ0  d3 3 2e0 me more\n"
)


@pytest.mark.parametrize("name", ["x.run", "x.trec", "x.txt"])
def test_runs_are_ordered_by_score_and_not_by_rank(tmp_path, name):
    outputs = read(tmp_path, name, RUN)
    assert outputs.values == {"q1": ["d3", "d2", "d1"], "q2": ["d1"]}
    assert not outputs.positional


def test_equal_scores_are_ordered_by_the_hash_of_the_id(tmp_path):
    docs = [f"d{n}" for n in range(20)]
    by_hash = sorted(docs, key=lambda doc: blake2b(doc.encode(), digest_size=8).digest())
    lines = [f"q Q0 {doc} {row} 0.5 me\n" for row, doc in enumerate(docs)]
    best = "q Q0 best 99 0.75 me\n"
    for order in (lines, lines[::-1]):
        assert read(tmp_path, "x.run", best + "".join(order)).values["q"] == ["best", *by_hash]
    assert by_hash != docs


def test_folder_of_images(tmp_path):
    (tmp_path / "b").mkdir()
    for name in ("b/2.PNG", "a.jpg", "z.webp", "notes.txt", ".hidden.png"):
        (tmp_path / name).write_bytes(name.encode())
    outputs = read_outputs(tmp_path)
    media = {id: (m.modality, m.name) for id, m in outputs.values.items()}
    assert list(media) == ["a", "b/2", "z"]
    assert media["b/2"] == ("image", str(tmp_path / "b/2.PNG"))
    before = outputs.digest
    (tmp_path / "a.jpg").write_bytes(b"other bytes")
    assert read_outputs(tmp_path).digest != before


def test_folder_without_images_or_with_two_of_one_name(tmp_path):
    with pytest.raises(DataError, match="no image file in it"):
        read_outputs(tmp_path)
    for name in ("a.jpg", "a.png"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(DataError, match="are repeated: a;"):
        read_outputs(tmp_path)


TWICE = "".join(f'{{"id": {n % 8}, "value": "x"}}\n' for n in range(16))

BAD = [
    ("x.jsonl", '{"id": 1, "value": "a"}\n{"id": 2, "val', "line 2 column"),
    ("x.jsonl", '{"id": 1, "value": "a"}\n[1]\n', "line 2"),
    ("x.jsonl", '{"id": 1}\n', "line 1: no value"),
    (
        "x.jsonl",
        '{"value": "a"}\n',
        "line 1: no id, only value; add a column id, question_id, image_id",
    ),
    ("x.jsonl", '{"id": 7.0, "value": "a"}\n', "id is 7.0; give an integer or a string"),
    ("x.jsonl", '{"id": true, "value": "a"}\n', "id is True"),
    ("x.jsonl", '{"id": "", "value": "a"}\n', "id is empty"),
    ("x.jsonl", '{"id": null, "value": "a"}\n', "id is missing"),
    (
        "x.jsonl",
        '{"id": 1, "value": null}\n',
        "value is missing; omit the output and score with --partial",
    ),
    ("x.jsonl", '{"id": 1, "value": true}\n', "value is True; give a string, a number"),
    ("x.jsonl", '{"id": 1, "value": {}}\n', "value is {}"),
    ("x.jsonl", '{"id": 1, "value": {"a": "b"}}\n', "{label: score}"),
    ("x.jsonl", '{"id": 1, "value": [0.5, true]}\n', "a list of scores"),
    ("x.jsonl", '{"id": 1, "value": ["a", 0.5]}\n', "a list of document ids"),
    ("x.jsonl", '{"id": 1, "value": [0.5, 1' + "0" * 400 + "]}\n", "a list of scores"),
    ("x.jsonl", b'{"id": 1, "value": "\xff"}\n', "not UTF-8"),
    ("x.jsonl", TWICE, "repeated: 0, 1, 2, 3, 4 and 3 more"),
    ("x.jsonl", "", "is empty"),
    ("x.jsonl", " \n \n", "is empty"),
    ("x.json", '[{"id": 1, "value": "a"}, {"id": 1, "value": "b"}]', "repeated: 1"),
    ("x.json", '{"a": "b", "a": "c"}', "repeated: a"),
    ("x.json", '[{"id": 1, "value": "a"}', "line 1 column"),
    ("x.json", '[{"id": 1, "val": "a"}]', "$[0]: no value"),
    ("x.json", '["a", "b"]', "has the wrong form; give a list"),
    ("x.json", "[]", "has the wrong form; give a list"),
    ("x.json", "{}", "has the wrong form; give a list"),
    ("x.json", "3", "has the wrong form; give a list"),
    ("x.json", '{"images": [{"id": 1}]}', "'images' is [{'id': 1}]"),
    ("x.csv", "", "is empty"),
    ("x.csv", "id,value\n", "no rows of data"),
    ("x.csv", "id,value\na,b,c\n", "line 2 has 3 fields, but the header has 2"),
    ("x.csv", 'id,value\na,"b\n', "line 2: unexpected end"),
    (
        "x.csv",
        "name,value\na,b\n",
        "line 2: no id, only name, value; add a column id, question_id, image_id",
    ),
    ("x.csv", "id,said\na,b\n", "line 2: no value"),
    ("x.csv", "id\na\n", "line 2: no value"),
    ("x.csv", "id,value\n,b\n", "line 2: id is empty"),
    ("x.csv", "id,value\na,b\na,c\n", "repeated: a"),
    # Scores by label: the place of each cell that is no finite number.
    ("x.csv", "id,cat,dog\na,,0.5\nb,1,2\n", "line 2: cat is empty; give a number"),
    ("x.csv", "id,cat,dog\na,1,0.5\nb,1,nan\n", "line 3: dog is 'nan'; give a number"),
    ("x.tsv", "id\tcat\tdog\na\tinf\t0.5\n", "line 2: cat is 'inf'; give a number"),
    ("x.csv", "id,cat,dog\na,1,0\nb,N/A,0\n", "line 3: cat is 'N/A'; give a number"),
    ("x.jsonl", '{"id": 1, "value": {"a": 0.5, "b": null}}\n', "the score of 'b' is None"),
    ("x.json", '{"k": {"a": 0.5, "b": null}}', "'k': the score of 'b' is None"),
    ("x.json", '{"k": {"a": "", "b": 0.5}}', "'k': the score of 'a' is ''"),
    # A document is in a list once, as in a run.
    ("x.jsonl", '{"id": "q", "value": ["d", "e", "d"]}\n', "query q: each document must occur"),
    ("x.json", '{"q": ["d", "d"]}', "query q: each document must occur once, but these are"),
    ("x.json", '[{"id": "q", "value": [7, "7"]}]', "query q: each document must occur once"),
    ("x.csv", "id,value,value\nq,d,d\n", "query q: each document must occur once"),
    ("x.csv", b"id,value\na,\xff\n", "line 2 column 3"),
    ("x.tsv", "id,value\na,b\n", "line 2: no id"),
    ("x.trn", "a (1)\nb (1)\n", "repeated: 1"),
    ("x.trn", "a { b / c } d (1)\n", "sample 1 has alternatives"),
    ("x.txt", "", "is empty"),
    ("x.txt", b"a\n\xff\n", "line 2 column 1"),
    ("x.run", "# a comment\n", "no lines of a TREC run"),
    ("x.run", "q1 Q0 d1 1 0.5\n", "line 1 has 5 columns, but a TREC run has six"),
    ("x.run", RUN + "q1 Q0 d9 1 high me\n", "line 7: the score 'high'"),
    ("x.run", "q1 Q0 d1 1 nan me\n", "line 1: the score 'nan'"),
    ("x.run", RUN + RUN, "query q1: each document must occur once"),
    ("x.pdf", "a", "no reader for the extension '.pdf'; give .jsonl, .csv"),
    ("x", "a", "no reader for the extension"),
]


@pytest.mark.parametrize(("name", "content", "words"), BAD)
def test_what_is_refused(tmp_path, name, content, words):
    assert words in refused(tmp_path, name, content)


def test_no_such_file(tmp_path):
    for name in ("x.jsonl", "x.npz", "x.npy"):
        with pytest.raises(DataError, match=rf"{name} cannot be read"):
            read_outputs(tmp_path / name)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
JSON_VALUES = st.one_of(
    TEXTS,
    st.integers(-(2**60), 2**60),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dictionaries(TEXTS, st.floats(-1e9, 1e9), min_size=1),
    st.lists(TEXTS, unique=True),
)


@given(st.dictionaries(TEXTS.filter(bool), JSON_VALUES, min_size=1))
def test_round_trip_of_json(tmp_path_factory, values):
    folder = tmp_path_factory.getbasetemp()
    rows = [{"id": id, "value": value} for id, value in values.items()]
    for form, content in (
        ("h.jsonl", "\n".join(map(json.dumps, rows))),
        ("h.json", json.dumps(rows)),
        ("m.json", json.dumps(values, indent=1)),
    ):
        outputs = read(folder, form, content)
        assert outputs.values == values
        assert list(outputs.values) == list(values)


# A bare carriage return ends a line for csv's writer and not for its reader.
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"))


@given(st.dictionaries(CELLS.filter(bool), CELLS, min_size=1), st.sampled_from(["csv", "tsv"]))
def test_round_trip_of_tables(tmp_path_factory, values, form):
    rows = [{"id": id, "value": value} for id, value in values.items()]
    folder = tmp_path_factory.getbasetemp()
    assert read(folder, f"t.{form}", written(f"t.{form}", rows)).values == values


@settings(max_examples=300)
@given(st.binary(max_size=60), st.sampled_from([".jsonl", ".json", ".csv", ".trn", ".run", ".txt"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content, suffix):
    try:
        outputs = read(tmp_path_factory.getbasetemp(), f"any{suffix}", content)
    except DataError as error:
        assert f"any{suffix}" in str(error)
    else:
        assert outputs.values and outputs.digest


@pytest.mark.parametrize(
    ("name", "n", "first"),
    [
        ("captions/fakecap/en_captions_val2014_fakecap_results.json", 1000,
         ("404464", "black and white photo of a man standing in front of a building")),
        ("captions/clipscore/example/good_captions.json", 2,
         ("image1", "an orange cat and a grey cat are lying together.")),
        ("vqa/vqa2/pred_test_all_yes.json", 2962, ("540769000", "yes")),
    ],
)  # fmt: skip
def test_real_files(name, n, first):
    outputs = read_outputs(real_data(name))
    assert len(outputs.values) == n
    assert next(iter(outputs.values.items())) == first


@pytest.mark.parametrize("line", ["a (b", "a b)", "a ()", "a (b c)", "()", "a (b) c", "a (b))"])
def test_what_does_not_end_in_an_id(tmp_path, line):
    assert "line 1 does not end in an id" in refused(tmp_path, "x.trn", line)


DOCUMENT = (ROOT / "docs/scoring.md").read_text(encoding="utf-8")


def examples(start):
    """The lines of the document that begin so, in blocks of code or in the first cell of a row."""
    lines = [line.removeprefix("| `").partition("` |")[0] for line in DOCUMENT.splitlines()]
    return [line for line in lines if line.startswith(start)]


def test_the_document_names_every_format():
    for suffix in (name for name in registry.names("outputs") if name.startswith(".")):
        assert f"`{suffix}`" in DOCUMENT


def test_the_examples_of_the_document(tmp_path):
    records = examples('{"id": "u')
    assert list(read(tmp_path, "x.jsonl", "\n".join(records)).values) == [
        f"u{n}" for n in range(1, 8)
    ]
    for name, start in (
        ("coco.json", '[{"image_id"'),
        ("vqa.json", '[{"question_id"'),
        ("clipscore.json", '{"image1"'),
        ("pope.jsonl", '{"question": "is there'),
    ):
        (example,) = examples(start)
        assert len(read(tmp_path, name, example).values) == 1
    assert read(tmp_path, "x.trn", "\n".join(examples("she had") + examples("(cmh"))).values == {
        "cmh_sa01": "she had your dark suit in greasy wash water all year",
        "cmh_sa02": "",
    }
    assert read(tmp_path, "x.run", "\n".join(examples("q1 Q0"))).values == {"q1": ["doc7", "doc2"]}
    file = tmp_path / "answers.jsonl"
    (block,) = re.findall(r"^## answers\n\n```json\n(.*?)```", DOCUMENT, re.MULTILINE | re.DOTALL)
    file.write_text(block)
    assert [sample.target for sample in answers(file).samples] == [
        "a dog",
        ["a dog", "dog"],
        {"answer": "B", "options": ["a cat", "a dog"]},
    ]


MSMARCO = "q1\td7\t2\nq2\ta doc\t1\r\nq1\td2\t1\nq1\td5\t3\n"


@pytest.mark.parametrize("name", ["x.tsv", "x.run"])
def test_runs_of_msmarco_are_ordered_by_rank(tmp_path, name):
    # Lines `qid docid rank`, as MS MARCO's own evaluation reads them: no header, no score.
    assert read(tmp_path, name, MSMARCO).values == {
        "q1": ["d2", "d7", "d5"],
        "q2": ["a doc"],
    }


def test_a_table_with_labels_that_are_numbers_is_no_run(tmp_path):
    assert read(tmp_path, "x.tsv", "id\t0\t1\na\t0.5\t0.25\n").values == {
        "a": {"0": 0.5, "1": 0.25}
    }


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("q1\td9\t2\n", "line 5: query q1 has rank 2 twice"),
        ("q1\td9\t5\n", "the ranks of query q1 are not 1, 2, 3, …"),
        ("q3\td9\t0\n", "the ranks of query q3 are not 1, 2, 3, …"),
        ("q1\td2\t4\n", "query q1: each document must occur once"),
        ("q1\td9\n", "line 5 is not of the form `qid docid rank`"),
        ("q1\td9\t2.5\n", "line 5 is not of the form `qid docid rank`"),
    ],
)
def test_what_is_refused_of_runs_of_msmarco(tmp_path, line, words):
    assert words in refused(tmp_path, "x.tsv", MSMARCO + line)


def test_scores_are_not_read_as_ranks(tmp_path):
    # Integer scores, best first: as ranks they would turn every list around.
    scores = "q1\ta\t3\nq1\tb\t2\nq1\tc\t1\nq2\ta\t1\n"
    assert "give scores as a TREC run" in refused(tmp_path, "x.tsv", scores)


def test_a_record_on_the_only_line_is_no_mapping_of_ids(tmp_path):
    line = '{"question": "is there a bird?", "answer": "yes"}'
    for name in ("x.json", "x.jsonl"):
        found = read(tmp_path, name, line)
        assert (found.values, found.positional) == ({"0": "yes"}, True)
        assert read(tmp_path, name, '{"id": "a", "value": "yes"}').values == {"a": "yes"}
    assert read(tmp_path, "x.json", '{"a": "yes", "b": "no"}').values == {"a": "yes", "b": "no"}


def test_references_on_the_only_line_are_no_mapping_of_ids(tmp_path):
    file = tmp_path / "x.json"
    file.write_text('{"id": 7, "question": "What?", "answer": "a dog"}')
    assert [(s.id, s.target) for s in answers(file).samples] == [("7", "a dog")]
    file.write_text('{"7": "a dog", "8": "a cat"}')
    assert [(s.id, s.target) for s in answers(file).samples] == [("7", "a dog"), ("8", "a cat")]


@pytest.mark.parametrize(
    ("task", "data", "words"),
    [
        ("pairs", "q1 0 d1 1\nq1 0 d2 0\n", "np.savez"),
        ("answers", '{"id": 1, "answer": "x"}\n{"id": 2, "answer": "y"}\n', "give a text"),
    ],
)
def test_an_array_of_scores_is_no_output_of_other_tasks(tmp_path, task, data, words):
    references = tmp_path / ("x.qrels" if task == "pairs" else "x.jsonl")
    references.write_text(data)
    np.save(tmp_path / "x.npy", np.ones((2, 3), np.float32))
    with pytest.raises(DataError) as caught:
        score(task, tmp_path / "x.npy", RunSettings(data=references))
    assert words in str(caught.value)
    assert ".npy" in str(caught.value)


def test_a_plugin_reads_a_format_of_its_own(tmp_path: Path) -> None:
    @mmbench.register("outputs", ".test-pairs")
    def pairs(path: Path) -> Outputs:
        """Read `id=text`, one a line."""
        return Outputs(dict(line.split("=", 1) for line in path.read_text().splitlines()))

    (tmp_path / "a.test-pairs").write_text("1=a cat\n2=a dog\n")
    assert read_outputs(tmp_path / "a.test-pairs").values == {"1": "a cat", "2": "a dog"}
    with pytest.raises(DataError, match="has no columns to choose from"):
        read_outputs(tmp_path / "a.test-pairs", {"id": "name"})
    (tmp_path / "a.other").write_text("x")
    with pytest.raises(DataError, match=r"no reader for the extension .*; \.test-pairs"):
        read_outputs(tmp_path / "a.other")

"""The sources `labels`, `pairs`, `images` and `ratings`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.data.sources.judgements import pairs
from mmbench.data.sources.labels import labels
from mmbench.data.sources.media_folders import images
from mmbench.data.sources.ratings import ratings
from mmbench.errors import DataError, UnknownName, UserError
from mmbench.types import InvalidContent, Media
from tests.support.datasets import targets
from tests.support.files import write_file, write_lines
from tests.support.layouts.coco import touch
from tests.support.paths import real_data


def test_one_label_each(tmp_path):
    file = write_file(tmp_path / "x.csv", "id,label,fold\na,dog,1\nb,cat,2\nc,dog,\n")
    data = labels(file)
    assert data.labels == ["cat", "dog"]
    assert targets(data) == targets(labels(tmp_path)) == {"a": 1, "b": 0, "c": 1}
    assert [sample.tags for sample in data.samples] == [{"fold": "1"}, {"fold": "2"}, {}]


def test_the_path_is_the_id_where_there_is_none(tmp_path):
    touch(tmp_path / "s", "a.ogg")
    touch(tmp_path, "b.mp4")
    data = labels(write_file(tmp_path / "x.csv", "file,label,group\ns/a.ogg,1,x\nb.mp4,2,y\n"))
    assert [(s.id, s.group, s.inputs) for s in data.samples] == [
        ("s/a.ogg", "x", {"audio": Media("audio", str(tmp_path / "s/a.ogg"))}),
        ("b.mp4", "y", {"video": Media("video", str(tmp_path / "b.mp4"))}),
    ]
    assert data.labels == ["1", "2"]


def test_images_of_labels_are_found_in_an_image_folder(tmp_path):
    touch(tmp_path / "images", "a.png")
    (sample,) = labels(write_file(tmp_path / "x.csv", "id,image,label\n1,a.png,cat\n")).samples
    assert sample.inputs == {"image": Media("image", str(tmp_path / "images/a.png"))}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", "id,label\na,rain\nb,dog\na,cat\n"),
        ("x.jsonl", '{"id": "a", "labels": ["rain", "cat"]}\n{"id": "b", "labels": ["dog"]}\n'),
        ("x.jsonl", '{"id": "a", "label": ["rain", "cat"]}\n{"id": "b", "label": "dog"}\n'),
        ("x.csv", "id,label,label\na,rain,cat\nb,dog,\n"),
    ],
)
def test_several_labels(tmp_path, name, content):
    data = labels(write_file(tmp_path / name, content))
    assert (data.labels, targets(data)) == (["cat", "dog", "rain"], {"a": [0, 2], "b": [1]})


def test_no_label_at_all_among_several(tmp_path):
    file = write_file(tmp_path / "x.jsonl", '{"id": 1, "labels": []}\n{"id": 2, "labels": ["a"]}\n')
    assert targets(labels(file)) == {"1": [], "2": [0]}


def test_order_of_classes(tmp_path):
    write_file(tmp_path / "classes.txt", "zebra\r\ndog\r\ncat\r\n")
    file = write_file(tmp_path / "x.csv", "id,label\na,dog\n")
    for classes in ("classes.txt", str(tmp_path / "classes.txt"), ["zebra", "dog", "cat"]):
        data = labels(file, classes=classes)
        assert (data.labels, targets(data)) == (["zebra", "dog", "cat"], {"a": 1})
    with pytest.raises(
        UnknownName, match=r"'dog'.*did you mean dogs\? list all classes in --labels"
    ):
        labels(file, classes=["dogs", "cat"])
    with pytest.raises(DataError, match="each class must occur once"):
        labels(file, classes=["dog", "dog"])
    with pytest.raises(DataError, match=r"none\.txt cannot be read"):
        labels(file, classes="none.txt")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "x.csv",
            "id,kind\na,dog\n",
            "(no label); the columns are id, kind; add --columns",
        ),
        ("x.csv", "id,label\na,\n", "line 2: label is empty"),
        ("x.csv", "id,label\na,dog\na,dog\n", "line 3: 'a' has the same label twice"),
        (
            "x.csv",
            "id,label,audio\na,dog,1.wav\na,cat,2.wav\n",
            "line 3: 'a' has a different media path",
        ),
        ("x.csv", "file,label\na.doc,dog\n", "line 2: file is 'a.doc', which has no image, audio"),
        ("x.jsonl", '{"id": 1, "label": null}', "line 1: label is missing"),
        ("x.jsonl", '{"id": 1.0, "label": "a"}', "line 1: id is 1.0"),
        ("x.jsonl", '{"id": 1, "label": "a"', "line 1 column"),
        ("x.csv", "", "no header line"),
    ],
)
def test_what_is_refused_of_labels(tmp_path, name, content, words):
    with pytest.raises(UserError) as caught:
        labels(write_file(tmp_path / name, content))
    assert words in str(caught.value)


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(st.dictionaries(NAMES, st.lists(NAMES, unique=True), min_size=1))
def test_round_trip_of_labels(tmp_path_factory, given):
    rows = [{"id": id, "labels": names} for id, names in given.items()]
    file = tmp_path_factory.getbasetemp() / "labels.jsonl"
    data = labels(write_lines(file, *rows))
    read = {s.id: {data.labels[at] for at in s.target} for s in data.samples}
    assert read == {id: set(names) for id, names in given.items()}
    assert data.labels == sorted(set().union(*given.values()))


def test_real_labels():
    data = labels(real_data("audio/esc10"))
    assert (len(data.samples), len(data.labels)) == (40, 10)
    assert data.labels[data.samples[0].target] == "Dog bark"
    assert {next(iter(s.inputs.values())).modality for s in data.samples} == {"audio"}
    data = labels(real_data("video/fight"))
    assert (len(data.samples), data.labels) == (20, ["fight", "noFight"])
    assert {next(iter(s.inputs.values())).modality for s in data.samples} == {"video"}


LINKS = {"q1": {"d1": 1.0, "d2": 0.0}, "q2": {"d3": 2.0}, "q3": {"d1": 0.0}}
TREC = "# a comment\nq1 0 d1 1\r\nq2\t0\td3 2\n\nq1 Q0 d2 -1\nq3 0 d1 0\n"
JSONL = (
    '{"query": "q1", "document": "d1", "grade": 1}\n{"query": "q2", "document": "d3", "grade": 2}\n'
    '{"query": "q1", "document": "d2", "grade": -1}\n{"query": "q3", "document": "d1", "grade": 0}'
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.qrels", TREC),
        ("x.txt", TREC),
        ("qrels.dev.tsv", TREC),
        ("test.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td3\t2\nq1\td2\t-1\nq3\td1\t0\n"),
        ("x.csv", "query,document,grade\nq1,d1,1\nq2,d3,2.0\nq1,d2,-1\nq3,d1,0\n"),
        ("x.jsonl", JSONL),
        # MS MARCO's qrels.dev.tsv and files of the kind: no header, tabs, grades with a fraction.
        ("qrels.dev.tsv", "q1\t0\td1\t1.0\nq2\t0\td3\t2.0\nq1\t0\td2\t-1.0\nq3\t0\td1\t0.0\n"),
        ("x.qrels", "q1 0 d1 1.0\nq2 0 d3 2e0\nq1 0 d2 -0.5\nq3 0 d1 0\n"),
        ("x.csv", "q1,0,d1,1\nq2,0,d3,2\nq1,0,d2,-1\nq3,0,d1,0\n"),
        ("x.tsv", "q1\td1\t1\nq2\td3\t2\nq1\td2\t-1\nq3\td1\t0\n"),
        ("x.csv", 'q1,"d1",1.0\r\nq2,d3,2\r\nq1,d2,-1\r\nq3,d1,0\r\n'),
    ],
)
def test_pairs(tmp_path, name, content):
    data = pairs(write_file(tmp_path / name, content))
    assert data.links == LINKS
    # A document that is only judged as not relevant is in the corpus, a query without any is asked.
    assert [query.id for query in data.queries] == ["q1", "q2", "q3"]
    assert sorted(document.id for document in data.corpus) == ["d1", "d2", "d3"]
    assert all(not sample.inputs for sample in [*data.queries, *data.corpus])


def test_pairs_without_a_grade_are_relevant(tmp_path):
    write_file(tmp_path / "x.csv", "document,query\n7,1\n8,1\n")
    assert pairs(tmp_path).links == {"1": {"7": 1.0, "8": 1.0}}
    write_file(tmp_path / "x.csv", "qid,query,docid,document\n1,who?,7,he\n1,who?,8,she\n")
    assert pairs(tmp_path).links == {"1": {"7": 1.0, "8": 1.0}}
    write_file(tmp_path / "x.csv", "1,7\n1,8\n")  # two columns without a header
    assert pairs(tmp_path).links == {"1": {"7": 1.0, "8": 1.0}}


def test_ids_of_pairs_that_are_paths_or_hold_spaces(tmp_path):
    # The three spellings name one file; an address and a bare word do not name another one.
    content = "q 1\t0\t./a.jpg\t1\nq2\t0\tx/../a.jpg\t1\nq2\t0\thttp://h/x/../y\t1\nq2\t0\t..\t1\n"
    links = pairs(write_file(tmp_path / "x.qrels", content)).links
    assert links == {"q 1": {"a.jpg": 1.0}, "q2": {"a.jpg": 1.0, "http://h/x/../y": 1.0, "..": 1.0}}
    twice = write_file(tmp_path / "y.qrels", "q1 0 ./a.jpg 1\nq1 0 a.jpg 0\n")
    with pytest.raises(DataError, match=r"each pair must occur once.*: q1 a\.jpg"):
        pairs(twice)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.qrels", "q1 0 d1\n", "the first line is not `qid 0 docid grade`"),
        ("x.qrels", TREC + "q1 0 d9 good\n", "line 7 is not of the form"),
        ("x.qrels", TREC + "q1 0 d9 1 more\n", "line 7 is not of the form"),
        ("x.qrels", TREC + "q1 0 d1 1\n", "each pair must occur once"),
        ("x.qrels", "", "the first line is not `qid"),
        ("x.qrels", b"q1 0 d\xff 1\n", "not UTF-8"),
        (
            "x.csv",
            "query,document,grade\nq,d,high\n",
            "line 2: grade is 'high'; give a number",
        ),
        ("x.csv", "query,document,grade\nq,d,nan\n", "line 2: grade is 'nan'"),
        # A grade of 0 under another name, or next to a score, would count as relevant.
        ("x.csv", "qid,docid,level\nq,d,0\n", "line 2: the grade could be in level;"),
        ("x.csv", "qid,docid,score,rel\nq,d,9.5,0\n", "grade could be in score, rel, which differ"),
        (
            "x.csv",
            "query,doc\nq,d\n",
            "line 2: no id, only query, doc; give one of the columns corpus_id, document_id",
        ),
        ("x.qrels", "q1 0 d1 nan\n", "the first line is not `qid 0 docid grade`"),
        # Nothing tells a header from a judgement, the iteration from a document.
        ("x.csv", "topic,passage\na,b\n", "is neither a header (query, document, grade) nor"),
        ("x.csv", "topic,passage,label\na,b,1\n", "is neither a header"),
        ("x.tsv", "1\t0\t7\n", "is neither a header"),
        ("x.csv", "q1,d1,1\nq1,d2\n", "line 2 has 2 fields, but 3 are needed"),
        ("x.csv", "q1,d1,1\nq1,d2,good\n", "line 2: grade is 'good'; give a number"),
        (
            "x.csv",
            "document\nd\n",
            "line 2: no id, only document; give one of the columns query_id, qid, query",
        ),
        ("x.jsonl", '{"query": 1.5, "document": "d"}', "line 1: query is 1.5"),
        ("x.jsonl", '{"query": "1", "document": "d"', "line 1 column"),
    ],
)
def test_what_is_refused_of_pairs(tmp_path, name, content, words):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as caught:
        pairs(file)
    assert words in str(caught.value)


def test_image_folder(tmp_path):
    touch(tmp_path / "b", "2.jpg", "text.txt")
    touch(tmp_path, "z.png", "c.webp", ".hidden.png")
    data = images(tmp_path)
    assert [(sample.id, sample.target) for sample in data.samples] == [
        ("b/2", Media("image", str(tmp_path / "b/2.jpg"))),
        ("c", Media("image", str(tmp_path / "c.webp"))),
        ("z", Media("image", str(tmp_path / "z.png"))),
    ]


def test_what_is_refused_of_images(tmp_path):
    with pytest.raises(DataError, match="data source images was given no data"):
        images(None)
    with pytest.raises(DataError, match="no such folder"):
        images(tmp_path / "none")
    with pytest.raises(DataError, match="no image file in it"):
        images(tmp_path)
    touch(tmp_path, "a.jpg", "a.png")
    with pytest.raises(DataError, match="each image id must occur once"):
        images(tmp_path)


def test_real_images():
    assert len(images(real_data("coco-mini")).samples) == 159


RATINGS = (
    "id,system,rater,rating,audio\n"
    "u1,A,r2,4,u1.wav\nu2,B,r1,2.5,\nu1,A,r10,3,u1.wav\nu1,A,r1,5,u1.wav\n"
)


def test_ratings(tmp_path):
    touch(tmp_path, "u1.wav")
    file = write_file(tmp_path / "x.csv", RATINGS)
    first, second = ratings(file).samples
    assert (first.id, first.group, first.tags) == ("u1", "A", {"system": "A"})
    assert first.target == [["r1", 5.0], ["r10", 3.0], ["r2", 4.0]]
    assert first.inputs == {"audio": Media("audio", str(tmp_path / "u1.wav"))}
    assert (second.group, second.target) == ("B", [["r1", 2.5]])
    assert second.inputs == {
        "audio": InvalidContent(f"{file} line 3: audio is empty, so the audio file is missing")
    }


def test_ratings_without_systems(tmp_path):
    file = write_file(tmp_path / "x.jsonl", '{"id": 1, "rater": 7, "rating": 3}\n')
    (sample,) = ratings(file).samples
    assert (sample.id, sample.group, sample.tags, sample.target) == ("1", "1", {}, [["7", 3.0]])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("id,rater,rating\nu,r,good\n", "line 2: rating is 'good'; give a number"),
        ("id,rater,rating\nu,r,\n", "line 2: rating is empty"),
        ("id,rater,rating\nu,r,inf\n", "line 2: rating is 'inf'"),
        ("id,rater\nu,r\n", "line 2: no rating"),
        ("id,rating\nu,3\n", "line 2: no id, only id, rating; give a column rater"),
        ("rater,rating\nr,3\n", "line 2: no id, only rater, rating; give a column id"),
        ("id,system,rater,rating\nu,A,r,3\nu,B,s,3\n", "line 3: 'u' belongs to a different system"),
        ("id,rater,rating\n", "no rows of data"),
    ],
)
def test_what_is_refused_of_ratings(tmp_path, content, words):
    with pytest.raises(DataError) as caught:
        ratings(write_file(tmp_path / "x.csv", content))
    assert words in str(caught.value)

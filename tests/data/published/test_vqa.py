"""The sources `vqa` and `pope`: questions about images."""

import json
from collections import Counter

import pytest

from mmbench.data.published.pope import pope
from mmbench.data.published.vqa import vqa
from mmbench.engine.loading.data.outputs import read_outputs
from mmbench.errors import DataError, UnknownName
from mmbench.types import InvalidContent, Media
from tests.support.files import write_file
from tests.support.layouts.coco import touch
from tests.support.paths import real_data

QUESTIONS = {
    "info": {},
    "questions": [
        {"image_id": 42, "question": "What colour?", "question_id": 42000},
        {"image_id": 42, "question": "A dog?", "question_id": 42001},
    ],
}
ANNOTATIONS = {
    "annotations": [
        {
            "question_id": 42001,
            "image_id": 42,
            "question_type": "is there a",
            "answer_type": "yes/no",
            "multiple_choice_answer": "yes",
            "answers": [{"answer": a, "answer_id": n} for n, a in enumerate(["yes", "no", "Yes "])],
        },
        {"question_id": 42000, "image_id": 42, "answers": [{"answer": "red"}] * 10},
        {"question_id": 9, "image_id": 1, "answers": [{"answer": "not asked"}]},
    ]
}
OFFICIAL = "v2_OpenEnded_mscoco_{}_questions.json", "v2_mscoco_{}_annotations.json"


def put(
    folder, asked=QUESTIONS, answered=ANNOTATIONS, names=("questions.json", "annotations.json")
):
    write_file(folder / names[1], answered)
    return write_file(folder / names[0], asked)


def test_questions_and_their_answers(tmp_path):
    put(tmp_path)
    first, second = vqa(tmp_path).samples
    assert (first.id, first.group, first.target, first.tags) == ("42000", "42", ["red"] * 10, {})
    assert first.inputs["question"] == "What colour?"
    assert isinstance(first.inputs["image"], InvalidContent)
    assert "COCO_val2014_000000000042.jpg" in first.inputs["image"].reason
    assert second.target == ["yes", "no", "Yes "]
    assert second.tags == {"question_type": "is there a", "answer_type": "yes/no"}


def test_the_file_of_questions_finds_its_annotations(tmp_path):
    file = put(tmp_path, names=[name.format("train2014") for name in OFFICIAL])
    assert [sample.id for sample in vqa(file).samples] == ["42000", "42001"]
    with pytest.raises(DataError, match="is not a questions file"):
        vqa(tmp_path / OFFICIAL[1].format("train2014"))


def test_official_names_and_splits(tmp_path):
    put(tmp_path, names=[name.format("test-dev2015") for name in OFFICIAL])
    assert len(vqa(tmp_path, split="test-dev2015").samples) == 2
    with pytest.raises(
        DataError, match=r"OpenEnded_mscoco_val2014_questions\.json; choose the official files"
    ):
        vqa(tmp_path)


@pytest.mark.parametrize("place", ["", "Annotations/"])
def test_the_files_of_ok_vqa(tmp_path, place):
    names = [name.removeprefix("v2_").format("val2014") for name in OFFICIAL]
    put(tmp_path, names=(names[0], f"{place}{names[1]}"))
    for root in (tmp_path, tmp_path / names[0]):
        assert [sample.id for sample in vqa(root).samples] == ["42000", "42001"]


def test_the_layout_of_the_official_tools(tmp_path):
    asked, answered = (name.format("val2014") for name in OFFICIAL)
    put(tmp_path, names=(f"Questions/{asked}", f"Annotations/{answered}"))
    image = "Images/mscoco/val2014/COCO_val2014_000000000042.jpg"
    touch((tmp_path / image).parent, "COCO_val2014_000000000042.jpg")
    for root in (tmp_path, tmp_path / "Questions" / asked):
        with_image = vqa(root).samples
        assert [s.inputs["image"].name.endswith(image) for s in with_image] == [True, True]


def test_an_image_folder_beside(tmp_path):
    put(tmp_path)
    touch(tmp_path / "val2014", "COCO_val2014_000000000042.jpg")
    place = str(tmp_path / "val2014/COCO_val2014_000000000042.jpg")
    assert vqa(tmp_path).samples[0].inputs["image"] == Media("image", place)


NOBODY = {"annotations": [{"question_id": 42001, "answers": []}]}


@pytest.mark.parametrize(
    ("asked", "answered", "words"),
    [
        (QUESTIONS, NOBODY, "2 of 2 questions have no answers: 42000, 42001"),
        ({"questions": []}, ANNOTATIONS, "questions.json: no questions"),
        ({"questions": QUESTIONS["questions"] * 2}, ANNOTATIONS, "repeated: 42000, 42001"),
        (QUESTIONS, {"annotations": ANNOTATIONS["annotations"] * 2}, "repeated: 42001, 42000"),
        ({"question": []}, ANNOTATIONS, "missing required field `questions`"),
        (
            {"questions": [{"question_id": 1.5}]},
            ANNOTATIONS,
            "questions.json: Expected `int | str`",
        ),
        (json.dumps(QUESTIONS)[:-9], ANNOTATIONS, "questions.json: line 1 column"),
    ],
)
def test_what_is_refused_of_vqa(tmp_path, asked, answered, words):
    put(tmp_path, asked, answered)
    with pytest.raises(DataError) as caught:
        vqa(tmp_path)
    assert words in str(caught.value)


def test_no_data():
    with pytest.raises(DataError, match="data source vqa was given no data"):
        vqa(None)
    with pytest.raises(DataError, match="data source pope was given no data"):
        pope(None)


def pope_lines(answers, crlf=False):
    rows = [
        {"question_id": n, "image": "COCO_val2014_000000000042.jpg", "text": f"q{n}?", "label": a}
        for n, a in enumerate(answers, start=1)
    ]
    return ("\r\n" if crlf else "\n").join(map(json.dumps, rows)) + "\n"


def pope_folder(tmp_path):
    for name, crlf in (("random", False), ("popular", True), ("adversarial", True)):
        content = pope_lines(["yes", "no"], crlf).encode()
        (tmp_path / f"coco_pope_{name}.json").write_bytes(content)
    return tmp_path


def test_a_pope_file_keeps_its_question_ids(tmp_path):
    file = pope_folder(tmp_path) / "coco_pope_popular.json"
    for data in (pope(file), pope(tmp_path, category="popular")):
        assert [(s.id, s.target, s.inputs["question"]) for s in data.samples] == [
            ("1", "yes", "q1?"),
            ("2", "no", "q2?"),
        ]
        assert {s.group for s in data.samples} == {"COCO_val2014_000000000042.jpg"}
        assert {s.tags["category"] for s in data.samples} == {"popular"}


@pytest.mark.parametrize("answers", [["yes"], ["yes", "no"]])
def test_a_pope_file_of_one_line(tmp_path, answers):
    rows = [json.loads(line) for line in pope_lines(answers).splitlines()]
    for name, content in (("list", rows), ("object", rows[0])):
        samples = pope(write_file(tmp_path / f"{name}.json", json.dumps(content))).samples
        assert [s.target for s in samples] == (answers if name == "list" else ["yes"])


def test_all_of_pope_has_the_category_in_its_ids(tmp_path):
    data = pope(pope_folder(tmp_path))
    assert [s.id for s in data.samples] == [
        "random/1", "random/2", "popular/1", "popular/2", "adversarial/1", "adversarial/2",
    ]  # fmt: skip
    assert all(s.id.startswith(s.tags["category"]) for s in data.samples)


def test_a_file_of_another_name_has_no_category(tmp_path):
    (sample,) = pope(write_file(tmp_path / "mine.jsonl", pope_lines(["no"]))).samples
    assert sample.tags == {} and sample.target == "no"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pope_lines(["yes", "maybe"]), "line 2: label is 'maybe'; give yes or no"),
        (pope_lines(["yes"]) * 2, "each id must occur once"),
        (pope_lines(["yes"])[:-5], "line 1 column"),
        (
            '{"question_id": 1, "label": "yes"}',
            "line 1: no image, only question_id, label; give a column image",
        ),
        ("", "is empty"),
    ],
)
def test_what_is_refused_of_pope(tmp_path, content, words):
    with pytest.raises(DataError) as caught:
        pope(write_file(tmp_path / "coco_pope_random.json", content))
    assert words in str(caught.value)


@pytest.mark.parametrize("place", ["coco", "output/coco"])
def test_pope_as_it_is_published_below_its_images(tmp_path, place):
    folder = tmp_path / place
    folder.mkdir(parents=True)
    pope_folder(folder)
    data = pope(tmp_path)
    assert [sample.id for sample in data.samples[:3]] == ["random/1", "random/2", "popular/1"]
    name = data.samples[0].group
    touch(tmp_path / "val2014", name)
    found, *_ = pope(tmp_path, category="random").samples
    assert found.inputs["image"].name == str(tmp_path / "val2014" / name)


def test_what_is_not_there_of_pope(tmp_path):
    with pytest.raises(UnknownName, match="did you mean popular"):
        pope(tmp_path, category="populer")
    (pope_folder(tmp_path) / "coco_pope_popular.json").unlink()
    with pytest.raises(DataError, match=r"no \*pope\*popular\.json"):
        pope(tmp_path)
    write_file(tmp_path / "gqa_pope_random.json", pope_lines(["yes"]))
    with pytest.raises(DataError, match="has several such files"):
        pope(tmp_path, category="random")


def test_real_vqa():
    folder = real_data("vqa/vqa2")
    data = vqa(folder)
    assert len(data.samples) == 2962
    assert {len(sample.target) for sample in data.samples} == {10}
    assert {sample.tags["answer_type"] for sample in data.samples} == {"yes/no", "number", "other"}
    for name in ("pred_test_all_yes", "pred_test_human_1"):
        assert set(read_outputs(folder / f"{name}.json").values) == {s.id for s in data.samples}


def test_real_pope():
    data = pope(real_data("vqa/pope"))
    counts = Counter((sample.tags["category"], sample.target) for sample in data.samples)
    # 3,000 questions of each category, half of them yes (README of POPE).
    assert counts == {
        (category, answer): 1500
        for category in ("random", "popular", "adversarial")
        for answer in ("yes", "no")
    }

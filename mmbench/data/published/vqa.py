"""The data source `vqa`: VQA v2, questions about images with the answers of ten annotators.

Source of the formats: Goyal et al. 2017, visualqa.org/vqa_v2_teaser.html and download.html;
GT-Vision-Lab/VQA PythonHelperTools/vqaTools/vqa.py.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from mmbench.data.mapping.find_media import find_media
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.json_files import decode_json
from mmbench.data.readers.records import refuse_duplicates
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.text import listed, part_of
from mmbench.types import Content, Sample

_PLACES = ("", "Questions", "questions", "Annotations", "annotations")
_IMAGES = ("val2014", "train2014", "test2015")


class _AnnotatedQuestion(Struct):
    question_id: int | str
    image_id: int | str
    question: str


class _AnnotatedQuestions(Struct):
    questions: list[_AnnotatedQuestion]


class _AnnotatedAnswer(Struct):
    answer: str


class _Annotation(Struct):
    question_id: int | str
    answers: list[_AnnotatedAnswer]
    question_type: str = ""
    answer_type: str = ""


class _AnswerAnnotations(Struct):
    annotations: list[_Annotation]


@declare_source("json")
def vqa(root: Path | None, *, split: str = "val2014") -> Samples:
    """Load one sample per question; the target lists its answers, unchanged.

    `root` is a folder with questions.json and annotations.json, or with the official files of a
    `split` (v2_OpenEnded_mscoco_val2014_questions.json, v2_mscoco_val2014_annotations.json; files
    of OK-VQA and VQA v1 have no `v2_`), or the file of questions, with its annotations next to it.
    The inputs are image and question, the tags question_type and answer_type, and the group is the
    image. Annotations without a question are ignored. Images need not exist to score answers.

    Raises DataError for files that are missing or cannot be read, and for questions without
    answers.
    """
    question_file, answer_file = _files(root, split)
    questions = decode_json(read_file(question_file), _AnnotatedQuestions, question_file).questions
    annotations = decode_json(read_file(answer_file), _AnswerAnnotations, answer_file).annotations
    refuse_duplicates("question id", [str(q.question_id) for q in questions], str(question_file))
    refuse_duplicates("question id", [str(a.question_id) for a in annotations], str(answer_file))
    answers = {str(annotation.question_id): annotation for annotation in annotations}
    unanswered = [
        str(q.question_id) for q in questions if not _has_answers(answers, str(q.question_id))
    ]
    if not questions:
        raise DataError(f"{question_file}: no questions")
    if unanswered:
        raise DataError(
            f"{answer_file}: {part_of(len(unanswered), len(questions), 'question')} no answers:"
            f" {listed(unanswered)} in {question_file.name}"
        )
    images = find_media(
        [_names(q.image_id) for q in questions], question_file.parent, str(question_file)
    )
    pairs = zip(questions, images, strict=True)
    samples = [_sample(q, image, answers[str(q.question_id)]) for q, image in pairs]
    return Samples(samples, group_name="image", optional_tags=["question_type", "answer_type"])


def _sample(question: _AnnotatedQuestion, image: Content, annotation: _Annotation) -> Sample:
    tags = {"question_type": annotation.question_type, "answer_type": annotation.answer_type}
    return Sample(
        str(question.question_id),
        {"image": image, "question": question.question},
        [answer.answer for answer in annotation.answers],
        group=str(question.image_id),
        tags={name: tag for name, tag in tags.items() if tag},
    )


def _has_answers(answers: dict[str, _Annotation], ident: str) -> bool:
    return ident in answers and bool(answers[ident].answers)


def _files(root: Path | None, split: str) -> tuple[Path, Path]:
    """Return the paths of the questions file and the annotations file. Raises DataError."""
    if root is None:
        raise DataError(
            "data source vqa was given no data; give --data FOLDER with questions.json and"
            " annotations.json, or with the official files of VQA v2 or OK-VQA"
        )
    if root.is_file():
        name = root.name.replace("OpenEnded_", "").replace("questions", "annotations")
        if name == root.name:
            raise DataError(f"{root} is not a questions file; give …questions.json, or its folder")
        return root, _first([root.parent, root.parent.parent], [name], root.parent)
    question_name = f"OpenEnded_mscoco_{split}_questions.json"
    annotation_name = f"mscoco_{split}_annotations.json"
    return (
        _first([root], ["questions.json", f"v2_{question_name}", question_name], root),
        _first([root], ["annotations.json", f"v2_{annotation_name}", annotation_name], root),
    )


def _first(folders: list[Path], names: list[str], root: Path) -> Path:
    for folder in folders:
        for file in (folder / place / name for name in names for place in _PLACES):
            if file.is_file():
                return file
    raise DataError(
        f"{root}: no {' or '.join(names)}; choose the official files with data option `split`"
        " (the answers of the test splits are not public)"
    )


def _names(image: int | str) -> list[str]:
    """Return the candidate paths of an image: COCO's file names for each split, and VQA's paths."""
    if isinstance(image, str):
        return [image if "." in image else f"{image}.jpg"]
    names = [f"COCO_{split}_{image:012d}.jpg" for split in _IMAGES]
    laid = [f"{split}/{name}" for split, name in zip(_IMAGES, names, strict=True)]
    return [*names, *(f"Images/mscoco/{name}" for name in laid), f"{image:012d}.jpg"]

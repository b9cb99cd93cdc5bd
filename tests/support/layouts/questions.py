"""Miniatures of data sets of questions about images, videos and sounds."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.files import write_file
from tests.support.layouts.parts import write_rows
from tests.support.media.images import png
from tests.support.media.sounds import wav


def scienceqa(root: Path) -> None:
    """Write ScienceQA: questions with and without an image, of two splits."""

    def problem(split: str, image: str | None, answer: int, choices: list[str]) -> dict[str, Any]:
        return {
            "question": "Which one?",
            "choices": choices,
            "answer": answer,
            "hint": "Look.",
            "image": image,
            "task": "closed choice",
            "grade": "grade4",
            "subject": "natural science",
            "topic": "physics",
            "lecture": "",
            "solution": "",
            "split": split,
        }

    problems = {
        "4": problem("test", "image.png", 1, ["ice", "fire"]),
        "5": problem("train", None, 0, ["a", "b"]),
        "11": problem("test", None, 2, ["one", "two", "three"]),
        "12": problem("test", "image.png", 0, ["a", "b"]),
    }
    write_file(root / "problems.json", problems)
    write_file(root / "pid_splits.json", {"train": ["5"], "val": [], "test": ["4", "11", "12"]})
    write_file(root / "images/test/4/image.png", png(4))


def gqa(root: Path) -> None:
    """Write GQA."""
    types = {"structural": "query", "semantic": "attr", "detailed": "color"}
    questions = {
        "201307251": {
            "question": "What color is it?",
            "imageId": "n161313",
            "answer": "blue",
            "fullAnswer": "It is blue.",
            "isBalanced": True,
            "types": types,
        }
    }
    write_file(root / "questions1.2/testdev_balanced_questions.json", questions)
    write_file(root / "images/n161313.jpg", png(1))


def textvqa(root: Path) -> None:
    """Write TextVQA."""
    row = {
        "question": "what is the brand?",
        "image_id": "003a8ae2ef43b901",
        "image_classes": ["Cassette deck"],
        "question_id": 34602,
        "question_tokens": ["what"],
        "answers": ["nous les gosses"] * 9 + ["dakota"],
        "set_name": "val",
    }
    write_file(root / "TextVQA_0.5.1_val.json", {"dataset_type": "val", "data": [row]})
    write_file(root / "train_images/003a8ae2ef43b901.jpg", png(1))


def docvqa(root: Path) -> None:
    """Write DocVQA."""
    row = {
        "questionId": 49153,
        "question": "What is the value?",
        "question_types": ["figure/diagram"],
        "image": "documents/pybv0228_81.png",
        "docId": 14465,
        "answers": ["0.28", ".28"],
        "data_split": "val",
    }
    write_file(root / "spdocvqa_qas/val_v1.0_withQT.json", {"dataset_split": "val", "data": [row]})
    write_file(root / "spdocvqa_images/pybv0228_81.png", png(1))


def chartqa(root: Path) -> None:
    """Write ChartQA: questions by people and by a program."""
    for part in ("human", "augmented"):
        row = {"imgname": f"{part}.png", "query": f"How many, {part}?", "label": "14"}
        write_file(root / f"test/test_{part}.json", [row])
        write_file(root / f"test/png/{part}.png", png(1))


def mmbench(root: Path) -> None:
    """Write MMBench: a TSV with images in base64."""
    head = ["index", "question", "hint", "A", "B", "C", "D", "answer", "category", "image"]
    head += ["source", "l2-category", "comment", "split"]
    tail = ["x", "attribute_reasoning", "", "dev"]
    image = base64.b64encode(png(7)).decode()
    rows = [
        ["241", "Which?", "A hint,\nof two lines", "a", "b", "c", "", "C", "nature", image, *tail],
        ["252", 'What is "it"?', "", "d", "e", "f", "g", "A", "nature", "241", *tail],
    ]
    write_rows(root / "mmbench_dev_20230712.tsv", [head, *rows], "\t")


def mmbench_circular(root: Path) -> None:
    """Write MMBench with every question in each order of its options."""
    head = ["index", "question", "hint", "A", "B", "answer", "category", "image", "l2-category"]
    image = base64.b64encode(png(7)).decode()
    rows = [
        ["3", "Which?", "", "a", "b", "A", "nature", image, "x"],
        ["1000003", "Which?", "", "b", "a", "B", "nature", "3", "x"],
        ["5", "Which?", "", "b", "a", "B", "nature", "99", "x"],
    ]
    write_rows(root / "MMBench_DEV_EN.tsv", [head, *rows], "\t")


def msvd_qa(root: Path) -> None:
    """Write MSVD-QA, whose videos have other names than its questions."""
    row = {"answer": "chew", "id": 37, "question": "what does it?", "video_id": 1451}
    write_file(root / "test_qa.json", [row])
    write_file(root / "video/vid1451.avi", b"avi")


def msvd_qa_clips(root: Path) -> None:
    """Write MSVD-QA with the video clips beside it."""
    msvd_qa(root)
    (root / "video/vid1451.avi").unlink()
    write_file(root / "youtube_mapping.txt", "-4wsuPCjDBc_5_15 vid1\nzv2RIbUsnSw_335_341 vid1451\n")
    write_file(root / "YouTubeClips/zv2RIbUsnSw_335_341.avi", b"avi")


def clotho_aqa(root: Path) -> None:
    """Write ClothoAQA."""
    rows = [["a.wav", "Is it loud?", answer, "maybe"] for answer in ("yes", "no", "yes")]
    header = ["file_name", "QuestionText", "answer", "confidence"]
    write_rows(root / "clotho_aqa_test.csv", [header, *rows])
    write_file(root / "audio_files/a.wav", wav())


def parquet(path: Path, rows: list[dict[str, Any]], features: Any) -> None:
    """Write rows as a repository of the hub has them."""
    from datasets import Dataset

    path.parent.mkdir(parents=True, exist_ok=True)
    Dataset.from_list(rows, features=features).to_parquet(path)


def mmmu(root: Path, subjects: Sequence[str] = ("Art", "Math")) -> None:
    """As the hub's data set is when it is copied: a folder for each subject, named in README.md."""
    from datasets import Features, Value
    from datasets import Image as Picture

    texts = ("id", "question", "options", "answer", "question_type", "subfield", "topic_difficulty")
    features = Features(
        {name: Value("string") for name in texts} | {f"image_{i}": Picture() for i in range(1, 8)}
    )
    none = {f"image_{i}": None for i in range(2, 8)}
    configs = []
    for subject in subjects:
        rows = [
            {
                "id": f"validation_{subject}_{n}",
                "question": "<image 1> Which?",
                "options": "['$1', \"It's two\"]" if kind == "multiple-choice" else "[]",
                "answer": "B" if kind == "multiple-choice" else "['24/7', '3.429']",
                "question_type": kind,
                "subfield": "x",
                "topic_difficulty": "Easy",
                "image_1": {"bytes": png(n), "path": None},
                **none,
            }
            for n, kind in enumerate(("multiple-choice", "open"))
        ]
        parquet(root / subject / "validation-00000-of-00001.parquet", rows, features)
        configs += [
            f"- config_name: {subject}",
            "  data_files:",
            f"  - {{split: validation, path: {subject}/validation-*}}",
        ]
    write_file(root / "README.md", "\n".join(["---", "configs:", *configs, "---", ""]))

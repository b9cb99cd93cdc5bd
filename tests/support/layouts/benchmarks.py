"""Miniatures of benchmarks of vision-language models, as they are published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.files import write_file
from tests.support.layouts.questions import parquet
from tests.support.media.images import png


def mathvista(root: Path) -> None:
    """Write MathVista as the folder `data` of its repository has it."""

    def problem(pid: str, kind: str, answer: str, **more: object) -> dict[str, Any]:
        about = {"task": "figure question answering", "context": "bar chart", "source": "X"}
        own = {"pid": pid, "question": "How?", "image": f"images/{pid}.jpg", "unit": None}
        free = {"choices": None, "precision": None, "question_type": "free_form"}
        return {**own, **free, "answer": answer, "answer_type": kind, "metadata": about, **more}

    multi = {"choices": ["9", "B", "18", "18"], "question_type": "multi_choice"}
    problems = [
        problem("1", "float", "1.2", precision=1),
        problem("2", "text", "18", **multi),
        problem("3", "list", "[0, 2]"),
        problem("4", "text", "B", **multi),
    ]
    write_file(root / "testmini.json", {one["pid"]: one for one in problems})
    queries = {one["pid"]: f"Hint: answer.\nQuestion {one['pid']}?" for one in problems}
    write_file(root / "query.json", {**queries, "9": "of another split"})
    for one in problems:
        write_file(root / one["image"], png(int(one["pid"])))


def hallusionbench(root: Path) -> None:
    """Write HallusionBench: a question without a figure, and one about two figures."""

    def row(category: str, figure: str, answer: str) -> dict[str, Any]:
        visual = "0" if category == "VS" and figure == "0" else "1"
        file = None if visual == "0" else f"./{category}/ocr/3_{figure}.png"
        names = {"category": category, "subcategory": "ocr", "set_id": "3", "figure_id": figure}
        asked = {"question_id": "0", "question": "Is it?", "gt_answer": answer}
        details = {"sample_note": "x", "gt_answer_details": "It is."}
        return {**names, **asked, **details, "visual_input": visual, "filename": file}

    rows = [row("VS", "0", "1"), row("VS", "1", "1"), row("VD", "0", "0"), row("VD", "1", "1")]
    write_file(root / "HallusionBench.json", rows)
    for n, name in enumerate(("VS/ocr/3_1.png", "VD/ocr/3_0.png", "VD/ocr/3_1.png")):
        write_file(root / "hallusion_bench" / name, png(n))


def mm_vet(root: Path) -> None:
    """Write MM-Vet."""
    row = {
        "imagename": "v1_0.png",
        "question": "What is x?",
        "answer": "-1<AND>-5",
        "imagesource": "https://example.org",
        "capability": ["ocr", "math"],
    }
    write_file(root / "mm-vet.json", {"v1_0": row})
    write_file(root / "images/v1_0.png", png(1))


def blink(root: Path, tasks: Sequence[str]) -> None:
    """Write a copy of BLINK's data set on the hub."""
    texts = ("idx", "question", "sub_task", "answer", "prompt", "explanation")
    rows = {
        task: [
            {
                **dict.fromkeys(texts, "x"),
                "idx": f"val_{task}_1",
                "sub_task": task,
                "answer": "(B)",
                "prompt": "Which?\nSelect.\n(A) the first\n(B) the second",
                "choices": ["the first", "the second"],
                "image_1": _picture(1),
                "image_2": _picture(2),
                "image_3": None,
                "image_4": None,
            }
        ]
        for task in tasks
    }
    images = [f"image_{n}" for n in range(1, 5)]
    _hub_copy(root, "val", rows, texts, images, ["choices"])


def mmstar(root: Path) -> None:
    """Write a copy of MMStar's data set on the hub."""
    row = {
        "index": "0",
        "question": "Which?\nOptions: A: a cat, B: a dog",
        "answer": "B",
        "category": "coarse perception",
        "l2_category": "image emotion",
        "image": _picture(1),
    }
    texts = [name for name in row if name != "image"]
    _hub_copy(root, "val", {"val": [row]}, texts, ["image"])


def realworldqa(root: Path) -> None:
    """Write a copy of RealWorldQA's data set on the hub."""
    row = {"image": _picture(1), "question": "How many?\nPlease answer.", "answer": "2"}
    _hub_copy(root, "test", {"default": [row]}, ["question", "answer"], ["image"])


def _picture(n: int) -> dict[str, object]:
    return {"bytes": png(n), "path": None}


def _hub_copy(
    root: Path,
    split: str,
    rows: dict[str, list[dict[str, Any]]],
    texts: Sequence[str],
    images: Sequence[str],
    lists: Sequence[str] = (),
) -> None:
    """Write a Parquet file for each configuration, and the README.md that names them."""
    from datasets import Features, Value
    from datasets import Image as Picture
    from datasets import List as Several

    features = Features(
        {name: Value("string") for name in texts}
        | {name: Picture() for name in images}
        | {name: Several(Value("string")) for name in lists}
    )
    configs = []
    for config, own in rows.items():
        parquet(root / config / f"{split}-00000-of-00001.parquet", own, features)
        configs += [f"- config_name: {config}", "  data_files:"]
        configs += [f"  - {{split: {split}, path: {config}/{split}-*}}"]
    write_file(root / "README.md", "\n".join(["---", "configs:", *configs, "---", ""]))

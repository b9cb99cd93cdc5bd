"""Miniatures of question sets for vision, video and audio language models.

Each function writes two questions in the published layout. The task files name the sources.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.files import write_file
from tests.support.media.images import png
from tests.support.media.sounds import wav
from tests.support.media.videos import save_video


def ocrbench(root: Path) -> None:
    """Write OCRBench: a word and a formula."""
    types = ("Regular Text Recognition", "Handwritten Mathematical Expression Recognition")
    rows = [
        {"dataset_name": "IIIT5K", "id": 2843, "image_path": "IIIT5K/test/918_1.png",
         "question": "what is written in the image?", "answers": "CENTRE", "type": types[0]},
        {"dataset_name": "HME100k", "id": 2843, "image_path": "HME100K/test/a.jpg",
         "question": "LaTeX?", "answers": ["y _ { 2 } = 1\n", "y_2 = 1\n"], "type": types[1]},
    ]  # fmt: skip
    write_file(root / "OCRBench/OCRBench.json", rows)
    for row in rows:
        write_file(root / "OCRBench_Images" / str(row["image_path"]), png(1))


def ai2d(root: Path) -> None:
    """Write AI2D as on the hub: the second question has numbers as options."""
    from datasets import Dataset, Image

    columns: dict[str, list[Any]] = {
        "question": ["Which is a producer?", "How many?"],
        "options": [["lion", "grass", "deer", "fox"], ["3", "1", "2", "0"]],
        "answer": ["1", "2"],
        "image": [{"bytes": png(n), "path": None} for n in (1, 2)],
    }
    made = Dataset.from_dict(columns).cast_column("image", Image())
    made.to_parquet(root / "data/test-00000-of-00001.parquet")
    card = "configs:\n- config_name: default\n  data_files:\n  - split: test\n    path: data/test-*"
    write_file(root / "README.md", f"---\n{card}\n---\n".encode())


def seed_bench(root: Path) -> None:
    """Write SEED-Bench: two questions about an image, and one about a video."""
    row = {"choice_a": "One", "choice_b": "Two", "choice_c": "Three", "choice_d": "Four"}
    row |= {"answer": "A", "question": "How many towels are in the image?", "data_type": "image"}
    row |= {"data_id": "1454426_2591111986", "question_type_id": 5, "question_id": "101669"}  # type: ignore[dict-item]
    questions = [row, row | {"question_id": "101670", "answer": "D", "question_type_id": 9}]
    questions.append(row | {"question_id": "7", "data_type": "video", "question_type_id": 10})
    write_file(root / "SEED-Bench.json", {"questions": questions})
    write_file(root / "SEED-Bench-image/1454426_2591111986", png(1))


def video_mme(root: Path) -> None:
    """Write Video-MME as on the hub, with unpacked videos."""
    from datasets import Dataset

    common = {"video_id": "001", "duration": "short", "domain": "Knowledge", "url": "https://x"}
    common |= {"sub_category": "Humanity & History", "videoID": "fFjv93ACGo8"}
    rows = [
        {**common, "question_id": "001-1", "task_type": "Counting Problem", "question": "Which?",
         "options": ["A. Apples.", "B. Candles.", "C. Berries.", "D. A. Dumas."], "answer": "C"},
        {**common, "question_id": "001-2", "task_type": "Information Synopsis", "question": "What?",
         "options": ["A. News.", "B. B.", "C. A vlog.", "D. A tutorial."], "answer": "B"},
    ]  # fmt: skip
    Dataset.from_list(rows).to_parquet(root / "videomme/test-00000-of-00001.parquet")
    card = "configs:\n- config_name: videomme\n  data_files:\n  - split: test\n"
    write_file(root / "README.md", f"---\n{card}    path: videomme/test-*\n---\n".encode())
    save_video(root / "data/fFjv93ACGo8.mp4")


def longvideobench(root: Path) -> None:
    """Write LongVideoBench's validation split: questions with four and with two options."""
    common = {"video_id": "v1", "video_path": "v1.mp4", "subtitle_path": "v1_en.json"}
    common |= {"question": "Who?", "question_category": "TOS", "topic_category": "KG"}
    row = {**common, "duration": 10.5, "starting_timestamp_for_subtitles": 0, "duration_group": 15}
    rows = [
        {**row, "id": "v1_0", "candidates": ["a", "b", "c", "d"], "correct_choice": 3},
        {**row, "id": "v1_1", "candidates": ["1", "0"], "correct_choice": 1},
    ]
    write_file(root / "lvb_val.json", rows)
    save_video(root / "videos/v1.mp4")


def egoschema(root: Path) -> None:
    """Write EgoSchema: two questions with a public answer, and one without."""
    options = {f"option {n}": text for n, text in enumerate(("C cooks.", "1", "0", "d", "e"))}
    rows = [
        {"q_uid": f"u{n}", "google_drive_id": "g", "question": "What does c do?", **options}
        for n in range(3)
    ]
    write_file(root / "questions.json", rows)
    write_file(root / "subset_answers.json", {"u0": 0, "u2": 1})
    for n in (0, 2):
        save_video(root / f"videos/u{n}.mp4", n)


def mvbench(root: Path) -> None:
    """Write MVBench: a task with parts of videos, and one without; the other files are empty."""
    part = {"video": "a.mp4", "question": "What?", "candidates": ["ate.", "B", "sat."]}
    whole = {"video": "v_1.mp4", "question": "When?", "candidates": ["never", "now"]}
    rows = {
        "action_sequence": [
            {**part, "answer": "sat.", "start": 0.2, "end": 0.5},
            {**part, "video": "b.mp4", "answer": "B", "start": 0.0, "end": 9.5},
        ],
        "object_shuffle": [{**whole, "answer": "now"}],
    }
    for name, questions in rows.items():
        write_file(root / f"json/{name}.json", questions)
    save_video(root / "video/star/Charades_v1_480/a.mp4")
    save_video(root / "video/star/Charades_segment/b.mp4")
    save_video(root / "video/perception/videos/v_1.mp4")
    save_video(root / "video/clevrer/video_validation/v_1.mp4", 3)


def mmau(root: Path) -> None:
    """Write MMAU's test-mini: the second question has its correct option twice."""
    common = {"dataset": "voxceleb", "task": "speech", "category": ["Reasoning"], "split": "mini"}
    rows = [
        {**common, "id": "3fe6", "audio_id": "./test-mini-audios/3fe6.wav", "question": "Who?",
         "choices": ["Man", "Woman", "Child", "Robot"], "answer": "Woman", "difficulty": "easy"},
        {**common, "id": "1696", "audio_id": "./test-mini-audios/1696.wav", "question": "How many?",
         "choices": ["thirteen", "twenty", "thirteen", "five"], "answer": "thirteen",
         "difficulty": "hard"},
    ]  # fmt: skip
    write_file(root / "mmau-test-mini.json", rows)
    for row in rows:
        write_file(root / "test-mini-audios" / f"{row['id']}.wav", wav(100))


def air_bench_chat(root: Path) -> None:
    """Write AIR-Bench's chat part."""
    row = {"path": "1.wav", "question": "What happens?", "meta_info": "A dog barks twice."}
    row |= {"task_name": "sound_QA", "dataset_name": "clothoqa", "answer_gt": "A dog barks."}
    write_file(root / "Chat/Chat_meta.json", [{**row, "uniq_id": n} for n in range(2)])
    write_file(root / "Chat/sound_QA_clothoqa/1.wav", wav(100))


def air_bench(root: Path) -> None:
    """Write AIR-Bench's foundation part: the first question has two options and a .flac file."""
    rows = [
        {"path": "1.wav", "question": "When?", "choice_a": "[1, 2]", "choice_b": "[3, 4]",
         "answer_gt": "[3, 4]", "task_name": "Audio_Grounding", "dataset_name": "AudioGrounding",
         "uniq_id": 0},
        {"path": "x/2.wav", "question": "Which note?", "choice_a": "C", "choice_b": "A",
         "choice_c": "B", "choice_d": "D", "answer_gt": "A", "task_name": "Music_Note",
         "dataset_name": "nsynth", "uniq_id": 1},
    ]  # fmt: skip
    write_file(root / "Foundation/Foundation_meta.json", rows)
    write_file(root / "Foundation/Audio_Grounding_AudioGrounding/1.flac", wav(100))
    write_file(root / "Foundation/Music_Note_nsynth/x/2.wav", wav(200))

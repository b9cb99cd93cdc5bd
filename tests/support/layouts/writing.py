"""Miniatures of published data sets, in the folders and files in which they are published."""

import base64
import csv
import io

from tests.support.files import write_file
from tests.support.media.images import png
from tests.support.media.sounds import wav


def table(path, rows, delimiter=","):
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    return write_file(path, stream.getvalue())


def scienceqa(root):
    def problem(split, image, answer, choices):
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


def librispeech(root):
    for part in ("test-clean", "test-other"):
        folder = root / "LibriSpeech" / part / "84/121123"
        write_file(
            folder / "84-121123.trans.txt", f"84-121123-0000 GO {part[5:]}\n84-121123-0001 BUT\n"
        )
        write_file(folder / "84-121123-0000.flac", b"fLaC")


def fsdd(root):
    for name in ("7_jackson_32", "0_theo_4", "3_nicolas_0"):
        write_file(root / "recordings" / f"{name}.wav", wav(rate=8000))
    write_file(root / "metadata.py", "metadata = {}\n")


def coco(root):
    images = [{"id": i, "file_name": f"COCO_val2014_{i:012d}.jpg"} for i in (42, 73, 74)]
    notes = [
        {"id": 10 * i + n, "image_id": i, "caption": f"caption {n} of {i}"}
        for i in (42, 73, 74)
        for n in range(5)
    ]
    write_file(root / "annotations/captions_val2014.json", {"images": images, "annotations": notes})
    write_file(root / "val2014" / images[0]["file_name"], png(42, (10, 6)))
    write_file(root / "val2014" / images[1]["file_name"], png(73, (6, 10)))


def nocaps(root):
    images = [
        {"id": i, "file_name": f"{i:016x}.jpg", "domain": domain, "open_images_id": f"{i:016x}"}
        for i, domain in ((0, "in-domain"), (1, "out-domain"))
    ]
    notes = [{"id": 9 - i, "image_id": i % 2, "caption": f"a caption {i}"} for i in range(6)]
    content = {"licenses": [], "info": {}, "images": images, "annotations": notes}
    write_file(root / "nocaps_val_4500_captions.json", content)
    write_file(root / "val" / images[0]["file_name"], png(1))


def flickr30k(root):
    images = [
        {
            "filename": f"{i}.jpg",
            "split": split,
            "imgid": i,
            "sentids": [i],
            "sentences": [{"raw": f"sentence {i}", "sentid": i, "imgid": i, "tokens": []}],
        }
        for i, split in enumerate(("train", "test"))
    ]
    write_file(root / "dataset_flickr30k.json", {"images": images, "dataset": "flickr30k"})
    write_file(root / "flickr30k-images/1.jpg", png(1))


def clotho(root):
    header = ["file_name", *(f"caption_{i}" for i in range(1, 6))]
    rows = [[f"{name} water, loud.wav", *(f"{name}, {i}" for i in range(5))] for name in "ab"]
    table(root / "clotho_captions_evaluation.csv", [header, *rows])
    write_file(root / "evaluation" / rows[0][0], wav())


def msrvtt(root):
    videos = [
        {"video_id": f"video{i}", "split": split, "category": 3, "url": "", "id": i}
        for i, split in ((0, "train"), (7010, "test"), (7011, "test"))
    ]
    sentences = [
        {"sen_id": n, "video_id": video["video_id"], "caption": f"{video['video_id']} {n}"}
        for n in range(2)
        for video in videos
    ]
    write_file(root / "MSRVTT_data.json", {"info": {}, "videos": videos, "sentences": sentences})
    write_file(root / "videos/all/video7010.mp4", b"mp4")


def gqa(root):
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


def textvqa(root):
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


def docvqa(root):
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


def chartqa(root):
    for part in ("human", "augmented"):
        row = {"imgname": f"{part}.png", "query": f"How many, {part}?", "label": "14"}
        write_file(root / f"test/test_{part}.json", [row])
        write_file(root / f"test/png/{part}.png", png(1))


def mmbench(root):
    head = ["index", "question", "hint", "A", "B", "C", "D", "answer", "category", "image"]
    head += ["source", "l2-category", "comment", "split"]
    tail = ["x", "attribute_reasoning", "", "dev"]
    image = base64.b64encode(png(7)).decode()
    rows = [
        ["241", "Which?", "A hint,\nof two lines", "a", "b", "c", "", "C", "nature", image, *tail],
        ["252", 'What is "it"?', "", "d", "e", "f", "g", "A", "nature", "241", *tail],
    ]
    table(root / "mmbench_dev_20230712.tsv", [head, *rows], "\t")


def mmbench_circular(root):
    head = ["index", "question", "hint", "A", "B", "answer", "category", "image", "l2-category"]
    image = base64.b64encode(png(7)).decode()
    rows = [
        ["3", "Which?", "", "a", "b", "A", "nature", image, "x"],
        ["1000003", "Which?", "", "b", "a", "B", "nature", "3", "x"],
        ["5", "Which?", "", "b", "a", "B", "nature", "99", "x"],
    ]
    table(root / "MMBench_DEV_EN.tsv", [head, *rows], "\t")


def msvd_qa(root):
    row = {"answer": "chew", "id": 37, "question": "what does it?", "video_id": 1451}
    write_file(root / "test_qa.json", [row])
    write_file(root / "video/vid1451.avi", b"avi")


def msvd_qa_clips(root):
    msvd_qa(root)
    (root / "video/vid1451.avi").unlink()
    write_file(root / "youtube_mapping.txt", "-4wsuPCjDBc_5_15 vid1\nzv2RIbUsnSw_335_341 vid1451\n")
    write_file(root / "YouTubeClips/zv2RIbUsnSw_335_341.avi", b"avi")


def clotho_aqa(root):
    rows = [["a.wav", "Is it loud?", answer, "maybe"] for answer in ("yes", "no", "yes")]
    header = ["file_name", "QuestionText", "answer", "confidence"]
    table(root / "clotho_aqa_test.csv", [header, *rows])
    write_file(root / "audio_files/a.wav", wav())


def common_voice(root):
    header = (
        "client_id\tpath\tsentence\tup_votes\tdown_votes\tage\tgender\taccents\tlocale\tsegment"
    )
    row = 'c0ffee\tcommon_voice_en_1.mp3\t"Yes, he said.\t2\t0\t\t\t\ten\t'
    write_file(root / "test.tsv", f"{header}\n{row}\n")
    write_file(root / "clips/common_voice_en_1.mp3", b"ID3")


def parti(root):
    head = "Prompt\tCategory\tChallenge\tNote"
    rows = ["bond\tAbstract\tBasic\tconcepts", '"Fly", a sign says\tOutdoor Scenes\tComplex\t']
    write_file(root / "PartiPrompts.tsv", "\n".join([head, *rows, ""]))


def ljspeech(root, n=252):
    lines = [f'LJ001-{i:04d}|In 19{i:02d} "so|In nineteen {i} "so' for i in range(n)]
    write_file(root / "LJSpeech-1.1/metadata.csv", "\n".join(lines) + "\n")
    write_file(root / f"LJSpeech-1.1/wavs/LJ001-{n - 1:04d}.wav", wav(rate=22050))


def parquet(path, rows, features):
    from datasets import Dataset

    path.parent.mkdir(parents=True, exist_ok=True)
    Dataset.from_list(rows, features=features).to_parquet(path)


def mmmu(root, subjects=("Art", "Math")):
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
                "answer": "B" if kind == "multiple-choice" else "0.5",
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

"""Runs on archives: the scores of the same images in files, failed samples, reports and workers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import mmbench
from mmbench.cli import main
from mmbench.data.sources.own_classes import own_classes
from mmbench.data.sources.own_pairs import own_pairs
from mmbench.data.sources.transcripts import transcripts
from mmbench.types import RunRecord
from tests.data.readers.tars.test_failures import OUTCOMES, write_shard
from tests.data.readers.tars.test_places import wds
from tests.support.files import write_table, write_task
from tests.support.media.images import png
from tests.support.paths import real_data
from tests.support.tars import FORMATS, Members, write_tar

METRICS = ["recall@1", "recall@5", "recall@10", "mean_rank"]


def task(folder: Path, source: str = "own-pairs", **data: Any) -> str:
    fields = {"query": "text", "corpus": "image"}
    keys = {"kind": "retrieval", "data": {"source": source, **data}, "fields": fields}
    headline = "recall@1[text-to-image]"
    return write_task(folder / f"{source}.yaml", headline=headline, metrics=METRICS, **keys)


def evaluate(task_file: str, data: Path, **options: Any) -> RunRecord:
    return mmbench.evaluate("clip-nano", task_file, data=data, device="cpu", **options).record


def values(record: RunRecord) -> dict[str, object]:
    return {name: score.value for name, score in record.scores.items()}


def pictures() -> Members:
    """Return images and captions with the names of the source `folder`."""
    for n in range(12):
        yield f"{n:02}.png", png(20 * n + 5)
        yield f"{n:02}.txt", f"a grey {n} image\nimage number {n}\n".encode()


@pytest.mark.parametrize("form", FORMATS)
def test_archives_have_the_scores_of_files(tmp_path: Path, form: str) -> None:
    members = list(pictures())
    (tmp_path / "photos").mkdir()
    for name, data in members:
        (tmp_path / "photos" / name).write_bytes(data)
    for shard, part in enumerate((members[:10], members[10:])):
        write_tar(tmp_path / f"{shard}.tar", part, FORMATS[form])
    files = evaluate(task(tmp_path, source="folder"), tmp_path / "photos")
    archives = evaluate(task(tmp_path), tmp_path)
    assert values(archives) == values(files)
    assert archives.counts["samples"] == files.counts["samples"] == 36


@pytest.mark.slow
def test_coco_images_in_archives_have_the_recall_of_files(tmp_path: Path) -> None:
    root = real_data("coco-mini")
    file = root / "captions_subset159.json"
    content = json.loads(file.read_bytes())
    texts: dict[int, list[str]] = {}
    for caption in content["annotations"]:
        texts.setdefault(caption["image_id"], []).append(caption["caption"])
    rows, members = [], []
    for image in content["images"]:
        path, captions = root / "val2017" / image["file_name"], texts[image["id"]]
        ident = str(image["id"])
        rows.append({"id": ident, "image_id": ident, "image": str(path), "text": captions})
        # Not as lines of a .txt member: a caption of COCO has a line break inside.
        data = json.dumps({"captions": captions}).encode()
        members += [(f"{ident}.jpg", path.read_bytes()), (f"{ident}.json", data)]
    for shard in range(3):
        write_tar(tmp_path / f"{shard:03}.tar", members[shard * 106 : (shard + 1) * 106])
    table = write_table(tmp_path / "files.jsonl", rows)
    pattern = tmp_path / "{000..002}.tar"
    archives = values(evaluate(task(tmp_path), pattern))
    assert archives == values(evaluate(task(tmp_path, source="table"), table))
    annotated = values(evaluate(task(tmp_path, source="coco"), file))
    # Ids, which decide between captions with the same text, are others there.
    recalls = [name for name in annotated if name.startswith("recall")]
    assert {name: archives[name] for name in recalls} == {name: annotated[name] for name in recalls}
    assert len(rows) == 159


def test_failed_downloads_are_failed_samples_of_a_run(tmp_path: Path) -> None:
    for shard in range(2):
        write_shard(tmp_path / "out", shard, image=png)
    record = evaluate(task(tmp_path), tmp_path / "out")
    failed = [message for _, message in OUTCOMES if message] * 2
    assert record.counts["failed"] == len(failed) == 4
    reasons = [reason for _, reason in record.failures]
    assert sum("failed_to_download: HTTP Error 404: Not Found" in text for text in reasons) == 2
    assert sum("failed_to_resize: Image decoding error" in text for text in reasons) == 2


def test_a_report_shows_images_of_archives(tmp_path: Path, capsys: Any) -> None:
    members = list(pictures())
    write_tar(tmp_path / "data/x.tar", members)
    board = tmp_path / "board"
    command = ["run", "-m", "clip-nano", "-t", task(tmp_path), "--quiet"]
    assert main([*command, "--data", str(tmp_path / "data"), "--out", str(board)]) == 0
    assert (
        main(["report", "--out", str(board), "--site", str(tmp_path / "s"), "--media", "copy"]) == 0
    )
    copies = {file.read_bytes() for file in (tmp_path / "s").rglob("*.png")}
    assert copies == {data for name, data in members if name.endswith(".png")}
    capsys.readouterr()
    assert main(["inspect", "latest", "--out", str(board), "--worst", "1", "--json"]) == 0
    assert "x.tar" in json.dumps(json.loads(capsys.readouterr().out))


def test_equal_images_of_two_samples_are_two_documents(tmp_path: Path) -> None:
    members = [(f"{n}.{end}", data) for n in "ab" for end, data in (("png", png(9)), ("txt", b"x"))]
    data = own_pairs(write_tar(tmp_path / "x.tar", members))
    assert [document.id for document in data.corpus] == ["a", "b"]
    assert [query.id for query in data.queries] == ["a", "b"]


@pytest.mark.parametrize("kind", ["classification", "multilabel"])
def test_classes_and_prompts_are_those_of_clip_benchmark(tmp_path: Path, kind: str) -> None:
    data = own_classes(wds(tmp_path, kind))
    assert data.labels == ["cat", "dog", "red fox"]
    assert data.templates == ["a photo of a {}.", "a {}"]
    targets = [sample.target for sample in data.samples]
    assert targets == ([0, 1, 2] * 2 if kind == "classification" else [[2], [0, 2]] * 3)
    assert [sample.id for sample in data.samples] == [f"s{n:07}" for n in range(6)]


def test_recordings_have_their_keys_as_ids(tmp_path: Path) -> None:
    members = [(f"a/{n}.{end}", b"word") for n in range(3) for end in ("txt", "wav")]
    data = transcripts(write_tar(tmp_path / "x.tar", members))
    assert [sample.id for sample in data.samples] == ["a/0", "a/1", "a/2"]
    assert [sample.target for sample in data.samples] == ["word"] * 3

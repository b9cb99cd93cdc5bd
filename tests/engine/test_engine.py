"""The engine on real files: batches, memory, the journal, failures, identity."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import mmbench
from mmbench.engine.options import RunSettings
from mmbench.engine.progress import Silent
from mmbench.engine.run import run
from mmbench.errors import ModelError, UnknownName, UserError
from mmbench.types import RunRecord
from tests.support.files import write_lines
from tests.support.layouts.coco import make_coco, read_coco, write_coco
from tests.support.toy_models import Means

TASK = "coco-retrieval"


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    Means.batches, Means.broken, Means.memory = [], None, 10**9


def evaluate(folder: Path, **flags: object) -> RunRecord:
    return mmbench.evaluate("test-means", TASK, data=folder, device="cpu", **flags).record  # type: ignore[arg-type]


def test_a_run_and_the_same_run_again(tmp_path: Path) -> None:
    folder = make_coco(tmp_path / "coco")
    first = evaluate(folder)
    assert first.counts == {
        "samples": 18, "failed": 0, "requests": 18, "computed": 18, "cached": 0
    }  # fmt: skip
    assert first.scores["recall@1[text-to-image]"].n == 12
    assert first.scores["recall@1[text-to-image]"].groups == 6
    Means.batches.clear()
    again = evaluate(folder)
    assert Means.batches == []
    assert (again.counts["computed"], again.counts["cached"]) == (0, 18)
    assert again.scores == first.scores
    assert again.task.data_hash == first.task.data_hash


@pytest.mark.parametrize("size", [1, 7, 64])
def test_scores_do_not_depend_on_the_batch_size(tmp_path: Path, size: int) -> None:
    folder = make_coco(tmp_path / "coco", 9)
    record = evaluate(folder, batch_size=size)
    assert max(Means.batches) <= size
    reference = evaluate(folder, fresh=True)
    assert record.scores == reference.scores


def test_scores_do_not_depend_on_the_order_of_the_data(tmp_path: Path) -> None:
    folder = make_coco(tmp_path / "coco", 9)
    forward = evaluate(folder)
    images, annotations = read_coco(folder)
    write_coco(folder, images[::-1], annotations[::-1])
    backward = evaluate(folder)
    for name, score in forward.scores.items():  # sums in another order differ in the last bit
        assert backward.scores[name].value == pytest.approx(score.value, rel=1e-12)
    assert forward.task.data_hash != backward.task.data_hash  # the order is part of what was asked


def test_equal_content_is_computed_once(tmp_path: Path) -> None:
    folder = make_coco(tmp_path / "coco")
    images, annotations = read_coco(folder)
    write_coco(folder, images, [a | {"caption": "the same words"} for a in annotations])
    assert evaluate(folder).counts["computed"] == 6 + 1


def test_memory_that_runs_out_halves_the_batch(tmp_path: Path) -> None:
    lines: list[str] = []

    class Notes(Silent):
        def note(self, line: str) -> None:
            lines.append(line)

    folder, Means.memory = make_coco(tmp_path / "coco", 9), 3
    options = RunSettings(data=folder, device="cpu", batch_size=16)
    small = run("test-means", TASK, options, Notes()).record
    assert max(Means.batches) <= 3
    assert "out of memory; continuing with batches of 2" in lines
    Means.memory = 10**9
    assert evaluate(folder, fresh=True).scores == small.scores


@pytest.mark.slow
def test_one_item_too_large_for_the_memory_is_one_line(tmp_path: Path) -> None:
    folder, Means.memory = make_coco(tmp_path / "coco"), 0
    with pytest.raises(ModelError, match="out of memory with a batch of one"):
        evaluate(folder)


def test_a_nan_fails_its_sample_and_no_other(tmp_path: Path) -> None:
    folder, Means.broken = make_coco(tmp_path / "coco"), "image"
    record = evaluate(folder)
    assert record.counts["failed"] == 1
    ((_, reason),) = record.failures
    assert reason == "the model returned NaN or infinity"
    score = record.scores["recall@1[text-to-image]"]
    # Both captions of the image are asked, and it is never retrieved. Had it not failed, it could
    # have been the first for them, or for all others.
    assert (score.n, score.failed) == (12, 0)
    assert score.value is not None
    assert score.bounds == (0, pytest.approx(score.value + 2 / 12))
    back = record.scores["recall@1[image-to-text]"]
    assert (back.n, back.failed) == (5, 1)
    assert back.value is not None
    assert back.bounds == pytest.approx((back.value * 5 / 6, (back.value * 5 + 1) / 6))
    Means.broken = None
    again = evaluate(folder)  # what a model made of the same bytes is remembered
    assert (again.failures, again.counts["computed"]) == (record.failures, 0)


def test_bad_files_fail_their_samples_and_lose_nothing_else(tmp_path: Path) -> None:
    folder = make_coco(tmp_path / "coco", 8)
    files = sorted((folder / "images").iterdir())
    files[0].unlink()
    files[1].write_bytes(b"")
    files[2].write_bytes(files[2].read_bytes()[:50])
    files[3].write_text("this is not an image")
    images, annotations = read_coco(folder)
    annotations[8]["caption"] = "  "
    annotations.append({"id": 99, "image_id": 12345, "caption": "no such image"})
    write_coco(folder, images, annotations)
    record = evaluate(folder)
    reasons = dict(record.failures)
    assert set(reasons) == {"0", "1", "2", "3", "40", "99"}
    assert record.counts["failed"] == 6
    for ident, file in zip("0123", files, strict=False):
        assert file.name in reasons[ident]
        assert "\n" not in reasons[ident]
    # All captions are asked but the empty one, also those of images that failed or are not there.
    asked = record.scores["recall@1[text-to-image]"]
    assert (asked.n, asked.failed) == (16, 1)
    assert evaluate(folder).counts["computed"] == 0


def test_what_computed_before_is_kept_when_a_file_comes_back(tmp_path: Path) -> None:
    folder = make_coco(tmp_path / "coco")
    file = folder / "images" / f"{0:012}.png"
    raw = file.read_bytes()
    file.unlink()
    assert evaluate(folder).counts["failed"] == 1
    file.write_bytes(raw)
    record = evaluate(folder)
    assert record.counts["failed"] == 0


def test_another_picture_under_the_same_name_is_computed_again(tmp_path: Path) -> None:
    folder = make_coco(tmp_path / "coco")
    evaluate(folder, batch_size=1)
    files = sorted((folder / "images").iterdir())
    files[0].write_bytes(files[4].read_bytes() + b"\n")
    assert evaluate(folder, batch_size=1).counts["computed"] == 1


def test_limit_and_data_are_told_apart(tmp_path: Path) -> None:
    folder = make_coco(tmp_path / "coco")
    whole, part = evaluate(folder), evaluate(folder, limit=2)
    assert part.task.data == {"query": 4, "corpus": 2}
    assert part.task.fingerprint == whole.task.fingerprint
    assert part.task.data_hash != whole.task.data_hash
    assert part.notes == whole.notes  # the protocol has the numbers of samples


def test_a_limit_on_data_without_a_protocol_is_noted(tmp_path: Path) -> None:
    rows = [{"id": n, "question": n, "answers": ["a"]} for n in "abc"]
    data = write_lines(tmp_path / "data.jsonl", *rows)

    def notes(limit: int) -> list[str]:
        return mmbench.evaluate(
            "constant", "answers", data=data, limit=limit, out=tmp_path
        ).record.notes

    assert "limited: 2 of 3 samples" in notes(2)
    assert not [note for note in notes(3) if "limited" in note]


def test_options_are_part_of_the_model(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="option of model test-means 'width': none exist"):
        evaluate(make_coco(tmp_path / "coco"), model_args={"width": 3})


def test_models_and_tasks_must_fit(tmp_path: Path) -> None:
    @mmbench.register("model", "test-text-only")
    class TextOnly(Means):
        modalities = frozenset({"text"})

    folder = make_coco(tmp_path / "coco")
    with pytest.raises(
        UserError, match=r"with image, text; test-text-only takes no image; try .*clip"
    ):
        mmbench.evaluate("test-text-only", TASK, data=folder)


def test_without_data_the_message_says_where_it_looked() -> None:
    with pytest.raises(UserError, match=r"--data FOLDER \(looked for .*/data/coco first\)"):
        mmbench.evaluate("test-means", TASK)

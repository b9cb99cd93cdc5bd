"""Every ability through the engine: asked, journaled, counted, with toy models on real files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from mmbench.engine.execution.in_process import InProcessExecutor
from mmbench.engine.options import RunSettings
from mmbench.engine.run import FinishedRun, run
from mmbench.errors import UserError
from tests.support import toy_models
from tests.support.files import write_task
from tests.support.media.images import save_image


def task(folder: Path, rows: list[dict[str, Any]], **spec: Any) -> str:
    (folder / "rows.json").write_text(json.dumps(rows))
    data = {"source": "toy-rows", **spec.pop("data", {})}
    keys = {"data": data, "headline": spec["metrics"][0], **spec}
    return write_task(folder / f"{spec['kind']}.yaml", **keys)


def ran(folder: Path, model: str, name: str, **options: Any) -> FinishedRun:
    return run(model, name, RunSettings(data=folder, device="cpu", **options))


def said(outcome: FinishedRun) -> list[Any]:
    return [json.loads(value) for value in outcome.rows["value"]]


def asked(folder: Path) -> str:
    save_image(folder / "a.png", 90, (8, 6))
    tone = np.sin(np.arange(16000) / 20).astype(np.float32)
    soundfile.write(folder / "b.wav", tone, 16000)
    rows = [
        {"id": "1", "inputs": {"image": "a.png", "question": "what is this"}, "target": ["x"]},
        {"id": "2", "inputs": {"audio": "b.wav", "question": "who speaks"}, "target": ["x"]},
        {"id": "3", "inputs": {"question": "why"}, "target": ["why |in a word"]},
    ]
    fields = {"image": "image", "audio": "audio", "question": "question"}
    return task(
        folder,
        rows,
        kind="writing",
        fields=fields,
        prompt="{question} {image}in a word",
        metrics=["exact_match"],
    )


def test_a_model_is_asked_with_media_in_their_slots(tmp_path: Path) -> None:
    found = ran(tmp_path, "toy-echo", asked(tmp_path))
    assert said(found) == [
        "what is this|<8x6>|in a word",
        "<8000 at 8000>|who speaks in a word",  # no slot: before the text, at the model's rate
        "why in a word",
    ]
    assert found.record.throughput["RTFx"] > 0


def test_texts_come_back_from_the_journal(tmp_path: Path) -> None:
    first = ran(tmp_path, "toy-echo", asked(tmp_path))
    before = toy_models.Echo.loaded
    again = ran(tmp_path, "toy-echo", asked(tmp_path))
    assert again.record.counts["cached"] == 3
    assert toy_models.Echo.loaded == before
    assert again.rows == first.rows


def test_other_rules_of_decoding_are_asked_again_for_sounds_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The bytes are the same, and so is the data hash; what the model hears of them is not.
    save_image(tmp_path / "a.png", 90, (8, 6))
    rows = [{"id": "1", "inputs": {"image": "a.png", "question": "what"}, "target": ["x"]}]
    spec = {"kind": "writing", "fields": {"image": "image", "question": "question"}}
    (tmp_path / "pictures").mkdir()
    name, loud = task(tmp_path / "pictures", rows, **spec, metrics=["exact_match"]), asked(tmp_path)
    save_image(tmp_path / "pictures/a.png", 90, (8, 6))
    for version, computed in ((2, 3), (2, 0), (3, 3)):
        monkeypatch.setattr("mmbench.engine.inference.cached_inference.DECODING", version)
        record = ran(tmp_path, "toy-echo", loud).record
        assert record.counts["computed"] == computed
        seen = ran(tmp_path / "pictures", "toy-echo", name).record.counts["computed"]
        assert seen == (1 if (version, computed) == (2, 3) else 0)
    assert record.task.data_hash == ran(tmp_path, "toy-echo", loud).record.task.data_hash


def test_other_generation_is_another_question(tmp_path: Path) -> None:
    name = asked(tmp_path)
    first = ran(tmp_path, "toy-echo", name)
    text = Path(name).read_text()
    Path(name).write_text(text + "generation: {max_tokens: 2}\n")
    short = ran(tmp_path, "toy-echo", name)
    assert short.record.counts["computed"] == 3
    assert short.record.task.fingerprint != first.record.task.fingerprint
    assert said(short)[2] == "why in"
    assert short.record.notes == [
        "1 of 3 samples has no image, audio or video",
        "3 answers met the token limit and were cut off",
    ]
    assert short.rows["tags"] == ['{"finish":"length"}'] * 3


def test_a_passing_failure_is_counted_and_tried_again(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "inputs": {"question": "unspeakable"}, "target": ["x"]},
        {"id": "2", "inputs": {"question": "fine"}, "target": ["fine"]},
    ]
    spec = {"kind": "writing", "fields": {"question": "question"}, "metrics": ["exact_match"]}
    name = task(tmp_path, rows, **spec)
    for computed in (1, 0):  # what did not fail is not asked again
        record = ran(tmp_path, "toy-echo", name).record
        assert record.failures == [("1", "the server hung up")]
        score = record.scores["exact_match"]
        assert (score.value, score.failed, score.bounds) == (1.0, 1, (0.5, 1.0))
        assert record.counts["computed"] == computed


def test_a_missing_file_fails_its_own_conversation(tmp_path: Path) -> None:
    name = asked(tmp_path)
    (tmp_path / "a.png").unlink()
    record = ran(tmp_path, "toy-echo", name).record
    assert [ident for ident, _ in record.failures] == ["1"]
    assert record.scores["exact_match"].n == 2


def test_the_likeliest_option(tmp_path: Path) -> None:
    options = ["red cat", "blue dog and cow", "green"]
    rows = [
        {
            "id": "1",
            "inputs": {"question": "a dog blue as the sea"},
            "target": {"answer": "B", "options": options},
        },
        {
            "id": "2",
            "inputs": {"question": "red is the cat"},
            "target": {"answer": "A", "options": options[:2]},
        },
    ]
    name = task(
        tmp_path,
        rows,
        kind="choice",
        choose="likelihood",
        fields={"question": "question"},
        metrics=["choice_accuracy"],
    )
    found = ran(tmp_path, "toy-echo", name)
    # By token: (2 - 9) / 4 beats (0 - 9) / 2 and (0 - 9) / 1; then -9 / 4 beats (2 - 9) / 2.
    assert said(found) == ["B", "B"]
    assert found.record.counts["requests"] == 5


def test_classes_are_matched_by_name(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "inputs": {"image": save_image(tmp_path / "1.png", 10).name}, "target": 0},
        {"id": "2", "inputs": {"image": save_image(tmp_path / "2.png", 250).name}, "target": 1},
    ]
    spec = {"kind": "classification", "fields": {"image": "image"}, "metrics": ["accuracy@1"]}
    name = task(tmp_path, rows, **spec, data={"labels": ["Dark", "very_bright"]})
    found = ran(tmp_path, "toy-sorter", name)
    assert found.record.scores["accuracy@1"].value == 1
    # ±(10 / 64 - 2) and ±(250 / 64 - 2), as toy-sorter returns them, in the order of the data
    assert np.array_equal(list(found.rows["value"]), [[1.84375, -1.84375], [-1.90625, 1.90625]])
    assert set(found.rows["scores"]) == {"logits"}
    cached = ran(tmp_path, "toy-sorter", name)
    assert cached.record.counts["cached"] == 2
    name = task(tmp_path, rows, **spec, data={"labels": ["dark", "pink"]})
    with pytest.raises(UserError, match="has no class for pink"):
        ran(tmp_path, "toy-sorter", name)


def test_drawings_have_a_seed_each(tmp_path: Path) -> None:
    rows = [
        {"id": file.stem, "inputs": {"text": "a cat"}, "target": file.name}
        for file in (save_image(tmp_path / f"{i}.png", 9 * i) for i in range(4))
    ]
    rows[3]["inputs"]["text"] = "unspeakable"
    name = task(
        tmp_path, rows, kind="drawing", fields={"prompt": "text"}, metrics=["fid@clip-nano"]
    )
    found = ran(tmp_path, "toy-artist", name)
    assert found.record.failures == [("3", "refused")]
    assert found.record.counts["requests"] > 4
    assert found.record.scores["fid@clip-nano"].value is not None


def test_one_model_stays_for_the_next_task(tmp_path: Path) -> None:
    name, held, before = asked(tmp_path), InProcessExecutor(), toy_models.Echo.loaded
    for seed in (1, 2):
        options = RunSettings(data=tmp_path, device="cpu", fresh=True, seed=seed)
        run("toy-echo", name, options, executor=held)
    assert toy_models.Echo.loaded == before + 1


def test_a_model_without_the_ability_is_refused_with_those_that_have_it(tmp_path: Path) -> None:
    before = toy_models.Echo.loaded
    rows = [{"id": "1", "inputs": {"text": "a"}, "target": "a"}]
    spec = {"kind": "speaking", "fields": {"text": "text"}, "metrics": ["dnsmos[ovrl]"]}
    name = task(tmp_path, rows, **spec)
    with pytest.raises(UserError, match=r"can speak .* toy-echo cannot speak; try .*toy-artist"):
        ran(tmp_path, "toy-echo", name)
    assert toy_models.Echo.loaded == before

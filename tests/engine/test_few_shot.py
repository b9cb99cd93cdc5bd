"""Whole runs with few-shot examples: what a server receives, identity, other data, limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mmbench.engine.identity import fingerprint
from mmbench.engine.options import RunSettings
from mmbench.engine.run import run
from mmbench.engine.score import score
from mmbench.errors import DataError, UnknownName, UserError
from mmbench.spec import load_task
from mmbench.types import Outputs, RunRecord
from tests.support import toy_models  # noqa: F401 - registers toy-echo and toy-rows
from tests.support.checkpoints import chat
from tests.support.files import write_task
from tests.support.media.images import save_image
from tests.support.servers.chat_completions import Endpoint, serving


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as running:
        yield running


def write_rows(folder: Path, prefix: str, size: int) -> Path:
    folder.mkdir(exist_ok=True)
    rows = []
    for i in range(size):
        save_image(folder / f"{i}.png", 20 * i, (8, 6))
        inputs = {"image": f"{i}.png", "question": f"{prefix}{i}"}
        rows.append({"id": str(i), "inputs": inputs, "target": [f"{prefix} answer {i}", "other"]})
    (folder / "rows.json").write_text(json.dumps(rows))
    return folder


def task(folder: Path, **keys: Any) -> str:
    spec = {
        "kind": "writing",
        "data": {"source": "toy-rows"},
        "fields": {"image": "image", "question": "question"},
        "prompt": "{question}?",
        "metrics": ["exact_match"],
        "headline": "exact_match",
    }
    return write_task(folder / "few.yaml", **spec, **keys)


def run_served(endpoint: Endpoint, name: str, data: Path, **more: Any) -> RunRecord:
    options = {"base": endpoint.base, "concurrency": 1}
    settings = RunSettings(data=data, device="cpu", model_options=options, **more)
    return run("api@m", name, settings).record


def test_a_server_gets_the_examples_as_turns(tmp_path: Path, endpoint: Endpoint) -> None:
    data = write_rows(tmp_path / "data", "q", 5)
    record = run_served(endpoint, task(tmp_path, few_shot=2), data)
    assert record.failures == []
    assert len(endpoint.bodies) >= 5
    (first,) = [b["messages"] for b in endpoint.bodies if text_of(b["messages"][-1]) == "q0?"]
    assert [turn["role"] for turn in first] == ["user", "assistant"] * 2 + ["user"]
    questions = [text_of(turn) for turn in first[::2]]
    assert questions[-1] == "q0?"
    assert "q0?" not in questions[:-1]
    for question, answer in zip(questions, first[1::2], strict=False):
        assert text_of(answer) == f"q answer {question[1:-1]}"
    for turn in first[::2]:
        assert [part["type"] for part in turn["content"]] == ["image_url", "text"]


def text_of(turn: dict[str, Any]) -> str:
    content = turn["content"]
    return content if isinstance(content, str) else content[-1]["text"]


def test_the_number_and_the_seed_belong_to_the_fingerprint(tmp_path: Path) -> None:
    settings: list[dict[str, Any]] = [
        {},
        {"few_shot": 2},
        {"few_shot": 3},
        {"few_shot": 2, "few_shot_seed": 1},
        {"few_shot": 2, "few_shot_data": {"labels": ["x"]}},
    ]
    prints = [fingerprint(load_task(task(tmp_path, **keys))) for keys in settings]
    assert len(set(prints)) == len(settings)
    assert fingerprint(load_task(task(tmp_path, few_shot=0))) == prints[0]


def test_examples_of_other_data_belong_to_the_data_hash(
    tmp_path: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMBENCH_DATA", str(tmp_path))
    data = write_rows(tmp_path / "data", "q", 3)
    write_rows(tmp_path / "train", "t", 4)
    name = task(tmp_path, few_shot=2, few_shot_data={"folder": "train"})
    record = run_served(endpoint, name, data, limit=1, allow_outside=True)
    assert record.task.data == {"sample": 1}
    turns = next(b["messages"] for b in endpoint.bodies if text_of(b["messages"][-1]) == "q0?")
    assert all(text_of(turn).startswith("t") for turn in turns[:-1])
    scored = score(name, Outputs({"0": "x"}), RunSettings(data=data, limit=1), partial=True)
    assert scored.record.task.data_hash == record.task.data_hash
    write_rows(tmp_path / "train", "u", 4)
    other = run_served(endpoint, name, data, limit=1, allow_outside=True)
    assert other.task.data_hash != record.task.data_hash
    assert other.task.fingerprint == record.task.fingerprint


def test_examples_of_the_task_itself_leave_the_data_hash(
    tmp_path: Path, endpoint: Endpoint
) -> None:
    data = write_rows(tmp_path / "data", "q", 4)
    plain = run_served(endpoint, task(tmp_path), data)
    solved = run_served(endpoint, task(tmp_path, few_shot=2), data)
    assert plain.task.data_hash == solved.task.data_hash
    assert solved.counts["computed"] == 4  # other conversations
    assert run_served(endpoint, task(tmp_path), data).counts["computed"] == 0


def test_a_limit_that_leaves_too_few_samples_is_refused(tmp_path: Path) -> None:
    data = write_rows(tmp_path / "data", "q", 5)
    settings = RunSettings(data=data, device="cpu", limit=2)
    with pytest.raises(DataError, match="few_shot: 2 needs 3 samples"):
        run("toy-echo", task(tmp_path, few_shot=2), settings)


def test_an_unknown_option_of_the_example_data_is_refused(tmp_path: Path) -> None:
    data = write_rows(tmp_path / "data", "q", 5)
    name = task(tmp_path, few_shot=1, few_shot_data={"splitt": "train"})
    with pytest.raises(UnknownName, match="splitt"):
        run("toy-echo", name, RunSettings(data=data, device="cpu"))


@pytest.mark.parametrize(("family", "model"), [("llava", "llava"), ("idefics3", "llava")])
def test_models_of_transformers_answer_after_examples_with_images(
    tmp_path: Path, family: str, model: str
) -> None:
    checkpoint = getattr(chat, family)(tmp_path / family)
    data = write_rows(tmp_path / "data", "q", 4)
    name = task(tmp_path, few_shot=2, generation={"max_tokens": 4})
    settings = RunSettings(data=data, device="cpu", dtype="float32")
    record = run(f"{model}@{checkpoint}", name, settings).record
    assert record.failures == []
    assert record.counts["computed"] == 4


def test_a_recogniser_of_speech_is_refused(tmp_path: Path) -> None:
    name = write_task(tmp_path / "spoken.yaml", include="numbers-asr", few_shot=1)
    with pytest.raises(UserError, match="asr-nano takes no text"):
        run("asr-nano", name, RunSettings(limit=4, device="cpu"))


def test_the_reference_llava_answers_after_examples(tmp_path: Path) -> None:
    name = write_task(tmp_path / "chat.yaml", include="shapes-chat", few_shot=1)
    record = run("llava-nano", name, RunSettings(limit=12, device="cpu")).record
    assert record.failures == []
    assert record.counts["computed"] + record.counts["cached"] == 12

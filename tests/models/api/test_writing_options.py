"""Prompt, sampling and frames of served models: exactly the fields that the options name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmbench.errors import ModelError
from mmbench.models.api.adapter import Api
from mmbench.types import Frames, GenerationConfig, Message
from mmbench.validation.named_values import grouped_options
from tests.support.command_line import refusal, run_record
from tests.support.conversations import replies, user
from tests.support.files import write_lines
from tests.support.media.videos import video_bytes
from tests.support.servers.chat_completions import Endpoint, serving

TASK = GenerationConfig(max_tokens=20, seed=3)
PIXELS = {"mm_processor_kwargs": {"min_pixels": 3136, "max_pixels": 602112}}


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as running:
        yield running


def api(endpoint: Endpoint, **options: Any) -> Api:
    given = grouped_options(Api, {"model": "m", "base": endpoint.base} | options)
    return Api(None, device="cpu", dtype="remote", **given)


def body(endpoint: Endpoint, turns: tuple[Message, ...], **options: Any) -> dict[str, Any]:
    """Return the body of the request for a conversation."""
    replies(api(endpoint, **options), [turns], TASK)
    return endpoint.bodies[-1]


def test_a_request_has_the_fields_of_the_options_and_no_others(endpoint: Endpoint) -> None:
    plain = {"model": "m", "max_tokens": 20, "temperature": 0.0}
    said = {"messages": [{"role": "user", "content": "q"}]}
    assert body(endpoint, user("q")) == plain | said
    sampled = body(
        endpoint,
        user("q"),
        system="Be brief.",
        chat_template_kwargs={"enable_thinking": False},
        temperature=0.7,
        top_p=0.8,
        top_k=20,
        min_p=0.01,
        repetition_penalty=1.05,
        seed=1,
        extra_body=PIXELS,
    )
    assert sampled == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "q"},
        ],
        "max_tokens": 20,
        "temperature": 0.7,
        "top_p": 0.8,
        "top_k": 20,
        "min_p": 0.01,
        "repetition_penalty": 1.05,
        "seed": 4,  # that of the task, and the option
        "chat_template_kwargs": {"enable_thinking": False},
        **PIXELS,
    }


def test_the_system_prompt_precedes_that_of_the_task(endpoint: Endpoint) -> None:
    turns = (Message("system", ("One word.",)), *user("q"))
    messages = body(endpoint, turns, system="Be brief.")["messages"]
    assert [message["role"] for message in messages] == ["system", "user"]
    parts = [part["text"] for part in messages[0]["content"]]
    assert "".join(parts) == "Be brief.\n\nOne word."


@pytest.mark.parametrize("name", ["messages", "temperature", "top_k", "max_tokens", "stream"])
def test_a_field_that_mmbench_sets_is_refused(name: str, endpoint: Endpoint) -> None:
    with pytest.raises(ModelError, match=f"option extra_body has the field {name}, which mmbench"):
        body(endpoint, user("q"), extra_body={name: 1})
    assert not endpoint.bodies


def test_a_run_records_the_options_as_part_of_the_model(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [{"id": 0, "question": "red?", "answer": "red?"}]
    data = str(write_lines(tmp_path / "ref.jsonl", *lines))
    command = ["run", "-m", "api@m", "--api-base", endpoint.base, "-t", "answers"]
    command += ["--data", data, "--out", str(tmp_path / "out")]
    plain = run_record(capsys, *command)
    options = ["--model-arg", "temperature=0.7", "--model-arg", "system=You see."]
    record = run_record(capsys, *command, *options)
    assert record["model"]["options"]["temperature"] == 0.7
    assert record["model"]["options"]["system"] == "You see."
    assert record["model"]["hash"] != plain["model"]["hash"]
    assert [one["messages"][0]["role"] for one in endpoint.bodies] == ["user", "system"]
    assert endpoint.bodies[1]["temperature"] == 0.7
    again = run_record(capsys, *command, *options)
    assert (again["counts"]["computed"], len(endpoint.bodies)) == (0, 2)


def test_a_video_is_sent_as_frames_at_a_rate(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = [np.full((32, 48, 3), 10 * i, np.uint8) for i in range(24)]
    (tmp_path / "a.mp4").write_bytes(video_bytes(frames, rate=8))  # 3 seconds
    row = {"id": 0, "video": "a.mp4", "question": "what?", "answer": "x"}
    data = str(write_lines(tmp_path / "ref.jsonl", row))
    command = ["run", "-m", "api@m", "--api-base", endpoint.base, "-t", "answers"]
    command += ["--data", data, "--out", str(tmp_path / "out")]
    command += ["--model-arg", "check_media=false"]
    fixed = run_record(capsys, *command, "--model-arg", "frames=3")
    rate = run_record(capsys, *command, "--model-arg", "fps=2")
    caps = ["--model-arg", "fps=2", "--model-arg", "min_frames=2", "--model-arg", "max_frames=4"]
    capped = run_record(capsys, *command, *caps)
    sent = [
        sum(part["type"] == "image_url" for part in one["messages"][0]["content"])
        for one in endpoint.bodies
    ]
    assert sent == [3, 6, 4]
    assert len({record["model"]["hash"] for record in (fixed, rate, capped)}) == 3
    assert rate["model"]["options"]["fps"] == 2
    named = {"fps": 2, "min_frames": 2, "max_frames": 4}
    assert capped["model"]["options"].items() >= named.items()
    said = refusal(capsys, *command, "--model-arg", "fps=2", "--model-arg", "frames=8")
    assert "options frames and fps exclude each other; give only one of them" in said


def test_frames_are_eight_by_default(endpoint: Endpoint) -> None:
    assert api(endpoint).frames == Frames(8)

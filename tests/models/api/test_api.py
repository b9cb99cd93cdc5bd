"""The endpoint adapter against a real server that fails in every way servers fail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any

import numpy as np
import pytest

from mmbench.cli import main
from mmbench.engine.execution.forward import Forward
from mmbench.errors import ModelError, SampleError, UserError
from mmbench.models.api.adapter import Api
from mmbench.storage.content_keys import cache_folder
from mmbench.types import Audio, GeneratedText, GenerationConfig, Media, Requests, VideoFrames
from mmbench.validation.named_values import grouped_options
from tests.support.command_line import run_record
from tests.support.conversations import replies, user
from tests.support.files import write_lines
from tests.support.media.images import plain_image
from tests.support.media.videos import numbered_video, save_video
from tests.support.servers.chat_completions import Endpoint, said, serving

PICTURE = plain_image((9, 8, 7), (6, 4))

SHORT = GenerationConfig(max_tokens=20)
WRITE = Requests([], "video", method="write")
KEY = "sk-very-secret"
TEXTS = ("a ", "cat")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as running:
        yield running


def api(endpoint: Endpoint, **options: Any) -> Api:
    return built(**{"base": endpoint.base, "retries": 1, "timeout": 1.0} | options)


def built(**options: Any) -> Api:
    given = grouped_options(Api, {"model": "m"} | options)
    return Api(None, device="cpu", dtype="remote", **given)


def parts(*content: Any) -> dict[str, Any]:
    """An answer whose text is a list of parts."""
    return {"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}


def stall(handler: Any) -> None:
    sleep(30)


def test_every_part_arrives_in_its_place(endpoint: Endpoint) -> None:
    sound = Audio(np.zeros(80, np.float32), 16000)
    clip = VideoFrames(np.zeros((3, 4, 6, 3), np.uint8), (0.0, 1.0, 2.0))
    turns = user("see", PICTURE, "hear", sound, "watch", clip, "so?")
    (found,) = replies(api(endpoint), [turns], SHORT)
    images = "|".join(["<image_url>"] * 3)
    assert found.text == f"see|<image_url>|hear|<input_audio>|watch|{images}|so?"
    image = endpoint.bodies[-1]["messages"][0]["content"][1]["image_url"]["url"]
    assert image.startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    ("form", "codec", "mime"),
    [
        ("mp4", "libx264", "video/mp4"),
        ("mov", "libx264", "video/quicktime"),
        ("matroska", "libx264", "video/x-matroska"),
        ("webm", "libvpx", "video/webm"),
        ("avi", "mpeg4", "video/x-msvideo"),
    ],
)
def test_a_video_is_sent_whole_where_that_is_chosen(
    endpoint: Endpoint, tmp_path: Path, form: str, codec: str, mime: str
) -> None:
    data = numbered_video(4, form=form, codec=codec)
    path = tmp_path / "video"
    path.write_bytes(data)
    model = api(endpoint, video="url")
    turns = Forward(model, WRITE, 1).prepare(user("watch", Media("video", str(path)), "so?"))
    (found,) = model.write([turns], SHORT)
    assert found.text == "watch|<video_url>|so?"
    (_, part, _) = endpoint.bodies[-1]["messages"][0]["content"]
    assert part["video_url"]["url"] == f"data:{mime};base64,{b64encode(data).decode()}"
    path.write_bytes(b"no video")
    assert isinstance(
        Forward(model, WRITE, 1).prepare(user(Media("video", str(path)))), SampleError
    )


def test_a_server_that_drops_videos_is_found(endpoint: Endpoint, tmp_path: Path) -> None:
    original = endpoint.answer
    endpoint.answer = lambda body: (  # type: ignore[method-assign]
        original(body) | {"usage": {"prompt_tokens": 7}}
    )
    path = save_video(tmp_path / "v.mp4")
    model = api(endpoint, video="url")
    turns = Forward(model, WRITE, 1).prepare(user("watch", Media("video", str(path))))
    (failed,) = model.write([turns], SHORT)
    assert "drops every video" in str(failed)
    with pytest.raises(ModelError, match="with video=url the server chooses the frames; remove"):
        api(endpoint, video="url", fps=1.0, max_frames=16)
    with pytest.raises(ModelError, match="option video must be frames or url"):
        api(endpoint, video="whole")


def test_the_signature_says_how_videos_are_sent(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_video(tmp_path / "v.mp4")
    row = {"id": 1, "video": "v.mp4", "question": "what?", "answer": "a cat"}
    data = write_lines(tmp_path / "ref.jsonl", row)
    task = tmp_path / "task.yaml"
    task.write_text("{include: answers, name: watch, fields: {video: video, text: question}}\n")
    given = ["-m", "api@m", "--api-base", endpoint.base, "-t", str(task), "--data", str(data)]
    given += ["--out", str(tmp_path / "out")]
    signatures = [
        run_record(capsys, "run", *given, *more)["scores"]["exact_match"]["signature"].split(",")
        for more in ([], ["--model-arg", "video=url"])
    ]
    assert "frames=by-index" in signatures[0]
    assert "video=url" in signatures[1] and "frames=by-index" not in signatures[1]


def test_answers_come_in_the_order_of_the_questions_with_so_many_at_a_time(
    endpoint: Endpoint,
) -> None:
    endpoint.delay = 0.05
    found = replies(api(endpoint, concurrency=3), [user(f"q {i}") for i in range(12)], SHORT)
    assert [one.text for one in found] == [f"q {i}" for i in range(12)]
    assert 1 < endpoint.most <= 3


def test_the_limit_and_the_tokens_are_told(endpoint: Endpoint) -> None:
    (found,) = replies(api(endpoint), [user("one two three")], GenerationConfig(max_tokens=2))
    assert found == GeneratedText("one two", "length", 2, prompt_tokens=13)
    assert endpoint.bodies[-1]["temperature"] == 0


@pytest.mark.parametrize(
    "fault",
    [
        (429, {"Retry-After": "0"}),
        (429, {"Retry-After": formatdate(time() - 5, usegmt=True)}),
        (500, {}),
        (503, {"Retry-After": "nonsense"}),
        "hang",
        "half",
    ],
    ids=["429", "429-date", "500", "503", "timeout", "half"],
)
def test_what_may_pass_is_tried_again(endpoint: Endpoint, fault: Any) -> None:
    endpoint.script["q"] = [fault]
    (found,) = replies(api(endpoint), [user("q")], SHORT)
    assert found == GeneratedText("q", "stop", 1, prompt_tokens=1)
    assert len(endpoint.bodies) == 2


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        ([(500, {})] * 2, r"failed 2 times: status 500: .*not.*now"),
        (["half"] * 2, "failed 2 times: the connection was closed early"),
        ([(400, {})], "refused the request: status 400"),
        ([b"<html>busy</html>"], "not JSON"),
        ([["a", "list"]], "JSON, but not an object"),
        ([{"choices": []}], "no readable choices"),
        (
            [{"choices": [{"message": {"content": None}, "finish_reason": "stop"}]}],
            "no complete text",
        ),
        (
            [{"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}],
            "finish_reason 'content_filter'",
        ),
        ([parts({"type": "image_url", "image_url": {}})], "no complete text"),
        ([parts("hello")], "no readable choices"),
        ([parts({"type": "text", "text": 7})], "no readable choices"),
    ],
    ids=[
        *("500s", "halves", "400", "html", "list", "empty", "null", "filter"),
        *("parts-without-text", "parts-of-strings", "parts-of-numbers"),
    ],
)
def test_a_failure_is_a_failed_sample_and_never_an_empty_answer(
    endpoint: Endpoint, faults: list[Any], reason: str
) -> None:
    endpoint.script["bad"] = faults
    failed, fine = replies(api(endpoint), [user("bad"), user("good")], SHORT)
    assert isinstance(failed, SampleError)
    with pytest.raises(SampleError, match=reason):
        raise failed
    assert "\n" not in str(failed)
    assert fine.text == "good"


def test_an_answer_in_parts_is_the_texts_of_them_joined(endpoint: Endpoint) -> None:
    said = [{"type": "thinking", "thinking": "hm"}, *({"type": "text", "text": t} for t in TEXTS)]
    endpoint.script = {"q": [parts(*said)], "none": [parts()]}
    assert replies(api(endpoint), [user("q"), user("none")], SHORT) == [
        GeneratedText("a cat", reasoning="hm"),
        GeneratedText(""),
    ]


def test_an_empty_text_is_an_answer(endpoint: Endpoint) -> None:
    endpoint.script["q"] = [{"choices": [{"message": {"content": ""}, "finish_reason": "stop"}]}]
    assert replies(api(endpoint), [user("q")], SHORT) == [GeneratedText("")]


@pytest.mark.parametrize(("status", "why"), [(401, "key"), (403, "denied"), (404, "no such model")])
def test_what_can_never_succeed_ends_the_run(endpoint: Endpoint, status: int, why: str) -> None:
    endpoint.script["q"] = [(status, {})]
    with pytest.raises(ModelError, match=why):
        replies(api(endpoint), [user("q")], SHORT)


def test_the_key_is_sent_and_never_shown(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    endpoint.script["q"] = [(401, {})]
    with pytest.raises(ModelError) as caught:
        replies(api(endpoint, key_env="MY_KEY"), [user("q")], SHORT)
    assert endpoint.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("status", [400, 401, 500])
def test_a_key_that_a_server_repeats_is_struck_out(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    endpoint.script["q"] = [(status, {}, f"{'x' * 190} no key: {KEY}".encode())]
    try:
        (failed,) = replies(api(endpoint, retries=0), [user("q")], SHORT)
    except ModelError as error:
        failed = error
    assert f"status {status}: xxx" in str(failed)
    assert KEY[:5] not in str(failed)


@pytest.mark.parametrize("key", [KEY + "\r", "schl\u00fcssel"])
def test_a_key_that_no_header_holds_is_refused_and_not_shown(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(ModelError, match="variable again") as caught:
        api(endpoint)
    assert key.strip() not in str(caught.value)
    with pytest.raises(UserError, match="set the API key as an environment"):
        built(base="http://me:pass@host/v1")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"base": ""}, "--api-base URL"),
        ({"base": "localhost:8000"}, "give http://HOST:PORT"),
        ({"base": "http://host:eighty/v1"}, "give http://HOST:PORT"),
        ({"base": "http://[::1/v1"}, "give http://HOST:PORT"),
        ({"base": "http://me:pass@host:eighty/v1"}, "contains a user name or password"),
        ({"base": "http://example.org\\.localhost/v1"}, "give http://HOST:PORT"),
        ({"base": "http://localhost/v1?key=abc"}, "give http://HOST:PORT"),
        ({"base": "http://localhost/v1\nX: y"}, "give http://HOST:PORT"),
    ],
    ids=["none", "no-scheme", "port", "bracket", "password", "backslash", "query", "line"],
)
def test_an_endpoint_must_be_named(given: dict[str, str], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        built(**given)


@pytest.mark.parametrize(
    "option",
    [
        *({"timeout": 0}, {"timeout": float("nan")}, {"retries": -1}, {"rpm": 0}, {"rpm": 1e-300}),
        *({"concurrency": 0}, {"concurrency": 100_000}, {"limit": "messages"}),
    ],
    ids=str,
)
def test_an_option_out_of_range_is_refused(option: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=f"option {next(iter(option))} must be"):
        built(base="http://localhost/v1", **option)


def test_a_server_that_drops_images_fails_those_with_images(endpoint: Endpoint) -> None:
    endpoint.drops = True
    endpoint.usage = True
    turns = [user(PICTURE, "what"), user("no image")]

    def counted(body: dict[str, Any]) -> int:
        return len(said(body).replace("<image_url>|", "").replace("|<image_url>", ""))

    original = endpoint.answer
    endpoint.answer = lambda body: (  # type: ignore[method-assign]
        original(body) | {"usage": {"prompt_tokens": counted(body)}}
    )
    dropped, fine = replies(api(endpoint), turns, SHORT)
    assert str(dropped) == "the server silently drops every image"
    assert fine.text == "no image"
    assert isinstance(replies(api(endpoint, check_media=False), turns, SHORT)[0], GeneratedText)


def test_a_drop_is_noticed_though_the_first_conversation_is_refused(endpoint: Endpoint) -> None:
    endpoint.drops = True
    endpoint.script["too big"] = [(400, {})]
    original = endpoint.answer
    endpoint.answer = lambda body: (  # type: ignore[method-assign]
        original(body) | {"usage": {"prompt_tokens": 7}}
    )
    found = replies(api(endpoint), [user(PICTURE, "too big"), user(PICTURE)], SHORT)
    assert {str(one) for one in found} == {"the server silently drops every image"}


def test_a_rate_is_kept(endpoint: Endpoint) -> None:
    replies(api(endpoint, rpm=600), [user(f"q{i}") for i in range(5)], SHORT)
    gaps = np.diff(sorted(endpoint.times))
    assert gaps.min() > 0.05


def test_a_run_of_a_task_on_an_endpoint(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    rows = [
        {"id": "1", "question": "say this", "answer": "say this"},
        {"id": "2", "question": "bad luck", "answer": "x"},
        {"id": "3", "question": "repeat", "answer": "key ***"},
    ]
    repeated = {"message": {"content": f"key {KEY}"}, "finish_reason": "stop"}
    endpoint.script["repeat"] = [{"choices": [repeated]}]
    write_lines(tmp_path / "qa.jsonl", *rows)
    endpoint.script["bad"] = [(400, {})]
    out = tmp_path / "out"
    run = ["run", "-m", "api@m", "--api-base", endpoint.base, "--concurrency", "2"]
    run += ["-t", "answers", "--data", str(tmp_path / "qa.jsonl"), "--out", str(out)]
    assert main([*run, "--device", "cpu"]) == 3
    (path,) = (out / "runs/answers").glob("*.json")
    record = json.loads(path.read_text())
    assert record["counts"]["failed"] == 1
    assert record["scores"]["exact_match"]["value"] == 1
    assert record["model"]["checkpoint"] == "m"
    assert record["model"]["options"] == {"model": "m"}
    places = [out, cache_folder()]
    files = [file for place in places for file in place.rglob("*") if file.is_file()]
    assert any(b"key ***" in file.read_bytes() for file in files)
    assert not any(KEY.encode() in file.read_bytes() for file in files)
    asked = len(endpoint.bodies)
    assert main([*run, "--device", "cpu"]) == 0  # only what failed is asked again
    assert len(endpoint.bodies) == asked + 1


def test_an_interrupted_run_keeps_answers_and_does_not_wait_for_a_busy_server(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    rows = [{"id": str(n), "question": f"q {n}", "answers": ["a"]} for n in range(20)]
    write_lines(tmp_path / "asked.jsonl", *rows)
    answers = {"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}
    endpoint.script["q"] = [*[answers] * 5, *[(429, {"Retry-After": "50"}), stall] * 20]
    words = ["run", "-m", "api@m", "--api-base", endpoint.base, "-t", "answers"]
    asked = subprocess.Popen(
        [sys.executable, "-m", "mmbench", *words, "--data", str(tmp_path / "asked.jsonl")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    deadline = monotonic() + 60
    while len(endpoint.bodies) < 10 and monotonic() < deadline:
        sleep(0.1)
    asked.send_signal(signal.SIGINT)
    assert asked.wait(timeout=20) == 130
    endpoint.script.clear()
    endpoint.bodies.clear()
    again = main([*words, "--data", str(tmp_path / "asked.jsonl"), "--out", str(tmp_path / "out")])
    assert again == 0
    assert len(endpoint.bodies) == 15

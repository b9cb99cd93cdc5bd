"""The endpoint adapter against odd and hostile answers, full quotas and servers that are away."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

import pytest

from mmbench.cli import main
from mmbench.engine.loading.models.resolver import ModelResolver, find
from mmbench.engine.options import RunSettings
from mmbench.engine.progress import Silent
from mmbench.engine.run import run
from mmbench.errors import ModelError, SampleError
from mmbench.models.api import client as api_client
from mmbench.models.api.address import is_this_machine, key_pattern
from mmbench.models.api.threads import stream_answers
from mmbench.storage.content_keys import ContentKeys
from mmbench.types import GeneratedText
from tests.models.api.test_api import KEY, SHORT, api
from tests.support.conversations import replies, user
from tests.support.errors import one_line_error
from tests.support.files import write_lines
from tests.support.servers.chat_completions import Endpoint, serving
from tests.support.servers.ports import free_port


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as running:
        yield running


def answer(content: Any, finish: Any = "stop", **message: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": content} | message, "finish_reason": finish}]}


def raw(answer: dict[str, Any], old: str, new: str) -> bytes:
    return json.dumps(answer).replace(old, new).encode()


def broken_chunks(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"1000\r\n" + json.dumps(answer("whole")).encode())
    handler.close_connection = True


def dripping(*parts: bytes) -> Any:
    """A reply of which the last part comes again and again, before a byte is late."""

    def send(handler: Any) -> None:
        handler.close_connection = True
        with suppress(OSError):
            handler.connection.sendall(b"".join(parts[:-1]))
            for _ in range(400):
                handler.connection.sendall(parts[-1])
                sleep(0.01)

    return send


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "reply",
    [
        dripping(b"HTTP/1.1 200 OK\r\nX: ", b"a"),
        dripping(b"HTTP/1.1 100 Continue\r\n\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b" "),
        dripping(CHUNKED, b"2\r\n{}\r\n0\r\n", b"X: a\r\n"),
    ],
    ids=["header", "continue", "body", "trailers"],
)
def test_a_reply_that_never_ends_takes_its_time_limit(endpoint: Endpoint, reply: Any) -> None:
    endpoint.script["bad"] = [reply]
    began = monotonic()
    failed, fine = replies(
        api(endpoint, retries=0, timeout=0.1, concurrency=1), [user("bad"), user("good")], SHORT
    )
    assert "no response within 0.1 s" in str(failed)
    assert fine.text == "good"
    assert monotonic() - began < 1.5


def early_hints(handler: Any) -> None:
    handler.connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
    sleep(0.05)  # so long that the connection looks idle
    handler.send(200, json.dumps(answer("of the first")).encode())


def test_an_interim_reply_does_not_shift_the_answers(endpoint: Endpoint) -> None:
    endpoint.script["first"] = [early_hints]
    asked = [user("first"), user("second"), user("third")]
    found = replies(api(endpoint, concurrency=1), asked, SHORT)
    assert [one.text for one in found] == ["of the first", "second", "third"]


def test_a_request_may_take_longer_to_send_than_to_connect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api_client, "_CONNECT_SECONDS", 0.05)

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        sleep(0.2)
        with connection, connection.makefile("rb") as sent:
            head = list(iter(sent.readline, b"\r\n"))
            sent.read(next(int(line.split()[1]) for line in head if b"Content-Length" in line))
            body = json.dumps(answer("it came")).encode()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=serve, args=(listener,), daemon=True).start()
        there = Endpoint()
        there.base = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        (found,) = replies(api(there, retries=0, timeout=5.0), [user("x" * (8 << 20))], SHORT)
    assert found.text == "it came"


AROUND = [("", ""), ("Bearer ", ""), ("user:", "@"), ("a", "bc"), ("", "\n")]


def hang_up(handler: Any) -> None:
    handler.close_connection = True


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (b"[" * 200_000, "nested too deep"),
        (raw(answer("x"), '"x"', '"x", "n": ' + "9" * 5000), "not JSON"),
        (answer("a \ud800 b"), "lone surrogate"),
        (answer("x", ["stop"]), "finish_reason is a list"),
        (answer("x", {"a": 1}), "finish_reason is a dict"),
        (b'"' + b"x" * (17 << 20) + b'"', "longer than 16 MiB"),
        (answer(None, refusal="I can't\nhelp"), "the model refused: I can't help"),
        (answer("I am", "content_filter"), "finish_reason 'content_filter'"),
        (answer("I am", "error"), "finish_reason 'error'"),
        (broken_chunks, "failed 2 times: the connection was closed early"),
        (
            (429, {"Retry-After": "0"}, b'{"error": {"code": [1]}}'),
            """status 429: {"error": {"code": [1]}}""",
        ),
    ],
    ids=[
        *("brackets", "digits", "surrogate", "list", "dict", "long", "refusal", "filter", "error"),
        *("chunks", "code"),
    ],
)
def test_an_odd_answer_fails_its_sample_only(endpoint: Endpoint, fault: Any, reason: str) -> None:
    endpoint.script["bad"] = [fault] * 2
    failed, fine = replies(api(endpoint), [user("bad"), user("good")], SHORT)
    assert isinstance(failed, SampleError)
    assert reason in str(failed)
    assert fine.text == "good"


@pytest.mark.parametrize(
    ("finish", "ended"),
    [(None, "stop"), ("eos_token", "stop"), ("end_turn", "stop"), ("MAX_TOKENS", "length")],
)
def test_a_text_is_an_answer_whatever_its_end_is_called(
    endpoint: Endpoint, finish: Any, ended: str
) -> None:
    for tokens in (10**30, -1, True, [1]):
        endpoint.script["q"] = [answer("dog", finish) | {"usage": {"completion_tokens": tokens}}]
        (found,) = replies(api(endpoint), [user("q")], SHORT)
        assert (found.text, found.finish, repr(found.tokens)) == ("dog", ended, "0")


def test_an_error_with_status_200_is_tried_again_and_shown(endpoint: Endpoint) -> None:
    overloaded = {"error": {"message": "upstream is overloaded", "code": 502}}
    of_choice = {"choices": [answer("half a")["choices"][0] | overloaded]}
    of_vllm = {"object": "error", "message": "the prompt is too long", "code": "400"}
    endpoint.script = {"passes": [overloaded], "stays": [overloaded] * 2}
    endpoint.script |= {"choice": [of_choice] * 2, "long": [of_vllm]}
    asked = [user("passes"), user("stays"), user("choice"), user("long")]
    fine, *failed, refused = replies(api(endpoint), asked, SHORT)
    assert fine.text == "passes"
    for error in failed:
        assert "failed 2 times: status 200, error: upstream is overloaded" in str(error)
    assert "refused the request: status 200, error: the prompt is too long" in str(refused)


QUOTA = b'{"error": {"message": "You exceeded your current quota"}}'


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ((402, {}), "payment is required"),
        ({"error": {"message": "no credit", "code": 402}}, "payment is required"),
        ((429, {"Retry-After": "3600"}), "asks to wait 3600 s"),
        ((503, {"Retry-After": "9" * 500}), "asks to wait"),
        ((429, {}, QUOTA), "the quota is used up"),
        ((429, {}, b'{"error": {"message": "try again in 3600 s"}}'), "asks to wait 3600 s"),
        (
            (429, {}, b'{"error": {"message": "Please try again in 1h2m3s."}}'),
            "asks to wait 3723 s",
        ),
        ((429, {"Retry-After": "1"}, b'{"error": {"type": "insufficient_quota"}}'), "used up"),
    ],
    ids=["402", "200-with-402", "an-hour", "forever", "quota", "message", "units", "code"],
)
def test_a_quota_ends_the_run(endpoint: Endpoint, fault: Any, reason: str) -> None:
    endpoint.script["q"] = [fault]
    with one_line_error(ModelError, match=reason) as caught:
        replies(api(endpoint), [user("q")], SHORT)
    assert "repeat the command to continue" in str(caught.value)
    assert len(endpoint.bodies) == 1


@pytest.mark.parametrize(
    "fault",
    [
        (429, {"Retry-After": "0"}, QUOTA),
        (429, {}, QUOTA.replace(b"quota", b"quota. Please retry in 0.1s")),
        (429, {}, b'{"error": {"message": "Please try again in 0m0.1s. See /billing"}}'),
    ],
    ids=["header", "message", "units"],
)
def test_a_quota_that_returns_soon_is_waited_for(endpoint: Endpoint, fault: Any) -> None:
    endpoint.script["q"] = [fault]
    assert replies(api(endpoint), [user("q")], SHORT) == [
        GeneratedText("q", "stop", 1, prompt_tokens=1)
    ]
    if "0.1s" in str(fault):
        assert endpoint.times[1] - endpoint.times[0] > 0.1


def test_a_redirect_ends_the_run_and_the_key_stays(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with serving() as other:
        there = f"{other.base}/chat/completions?key={KEY}"
        endpoint.script["q"] = [(307, {"Location": there}, b"x" * 100)]
        with pytest.raises(ModelError, match="redirects to 'http") as caught:
            replies(api(endpoint), [user("q")], SHORT)
        assert not other.headers
    assert KEY not in str(caught.value)


def test_a_server_that_is_not_there_ends_the_run() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = Endpoint()
        nobody.base = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    began = monotonic()
    with pytest.raises(ModelError, match=r"cannot connect: .*refused.*--api-base"):
        replies(api(nobody, retries=1), [user(f"q {n}") for n in range(50)], SHORT)
    assert monotonic() - began < 3


def certificate(folder: Path) -> Path:
    """A key and a certificate of 127.0.0.1 that nobody signed."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl here to make a certificate")
    key, signed = folder / "key.pem", folder / "signed.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=here"
    name = "subjectAltName=IP:127.0.0.1"
    files = ["-addext", name, "-keyout", str(key), "-out", str(signed)]
    subprocess.run([openssl, *words.split(), *files], check=True, capture_output=True)
    chain = folder / "chain.pem"
    chain.write_bytes(signed.read_bytes() + key.read_bytes())
    return chain


def test_a_certificate_is_accepted_where_its_authority_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = certificate(tmp_path)
    with serving(chain=chain) as there:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(chain))
        assert replies(api(there), [user("cat")], SHORT)[0].text == "cat"
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        with pytest.raises(ModelError, match=r"no secure connection: .*self-signed.*CA_BUNDLE"):
            replies(api(there, retries=0, concurrency=1), [user("q")] * 4, SHORT)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
        with pytest.raises(ModelError, match=r"SSL_CERT_FILE=.*: no such file"):
            api(there)


def test_a_server_that_always_hangs_up_ends_the_run(endpoint: Endpoint) -> None:
    endpoint.script["q"] = [hang_up] * 100
    asked = [user(f"q {n}") for n in range(20)]
    with pytest.raises(ModelError, match="the connection was closed early"):
        replies(api(endpoint, retries=0, concurrency=1), asked, SHORT)
    assert len(endpoint.bodies) == 3


def test_a_server_that_hangs_up_on_one_question_fails_that_one(endpoint: Endpoint) -> None:
    endpoint.script["bad"] = [hang_up] * 100
    asked = [user(f"{'bad' if n % 3 else 'fine'} {n}") for n in range(9)]
    found = replies(api(endpoint, retries=0, concurrency=1), asked, SHORT)
    assert [isinstance(one, SampleError) for one in found] == [bool(n % 3) for n in range(9)]


def test_a_key_in_an_answer_is_masked_unless_it_is_a_word(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    endpoint.script = {
        "answer": [answer(f"the key is {KEY}!")],
        "refusal": [answer(None, refusal=f"not with {KEY}")],
        "end": [answer(None, finish=f"key {KEY}")],
    }
    said, refused, ended = replies(
        api(endpoint), [user("answer"), user("refusal"), user("end")], SHORT
    )
    assert said.text == "the key is ***!"
    assert str(refused) == "the model refused: not with ***"
    assert KEY not in str(ended)
    monkeypatch.setenv("OPENAI_API_KEY", "EMPTY")
    assert replies(api(endpoint), [user("EMPTY box")], SHORT)[0].text == "EMPTY box"


def test_a_key_that_is_repeated_in_another_form_is_masked() -> None:
    key = "sk-very/secret+key"
    coded = [b64encode(f"{before}{key}{after}".encode()).decode() for before, after in AROUND]
    for form in (quote(key, safe=""), quote(key), json.dumps(key).replace("/", "\\/"), *coded):
        masked = key_pattern(key).sub("***", f"no: {form} is unknown")
        assert "***" in masked
        assert form[12:-4] not in masked
    assert key_pattern("none").sub("***", "none, bm9uZQ==") == "***, bm9uZQ=="


@pytest.mark.parametrize("host", ["localhost", "127.8.9.1", "[::1]", "0.0.0.0", "[::ffff:7f00:1]"])
def test_a_key_goes_unencrypted_to_this_machine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    at = Endpoint()
    at.base = f"http://{host}:8000/v1"
    api(at)


@pytest.mark.parametrize("host", ["example.org", "10.0.0.1", "localhost.example.org", "[2001::1]"])
def test_a_key_goes_encrypted_to_another_machine(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = Endpoint()
    at.base = f"http://{host}:8000/v1"
    api(at)  # without a key nothing is given away
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(ModelError, match="use https, pass --insecure-http") as caught:
        api(at)
    assert KEY not in str(caught.value)
    api(at, insecure_http=True)
    at.base = f"https://{host}/v1"
    api(at)
    assert not is_this_machine(host.strip("[]"))


def test_what_is_under_way_is_awaited_when_one_question_ends_the_run() -> None:
    begun, release, stop = Event(), Event(), Event()

    def reply(item: str) -> str:
        if item == "slow":
            begun.set()
            release.wait(5)
            return "paid for"
        begun.wait(5)
        raise ModelError("no more credit")

    found = stream_answers(reply, iter([(0, "slow"), (1, "bad"), (2, "never")]), 2, stop)
    release.set()
    assert next(found) == (0, "paid for")
    with pytest.raises(ModelError, match="no more credit"):
        list(found)


def test_what_is_under_way_is_awaited_when_the_questions_end_in_an_error() -> None:
    begun = Event()

    def asked() -> Iterator[tuple[int, str]]:
        yield 0, "first"
        begun.wait(5)
        raise ModelError("no more credit")

    def reply(item: str) -> str:
        begun.set()
        sleep(0.05)
        return "paid for"

    found = stream_answers(reply, asked(), 2, Event())
    assert next(found) == (0, "paid for")
    with pytest.raises(ModelError, match="no more credit"):
        list(found)


def questions(folder: Path, count: int) -> Path:
    rows = [{"id": str(n), "question": f"q{n}.", "answer": f"q{n}."} for n in range(count)]
    write_lines(folder / "qa.jsonl", *rows)
    return folder / "qa.jsonl"


class Recorder(Silent):
    def __init__(self) -> None:
        self.steps: list[int] = []

    def advance(self, n: int) -> None:
        self.steps.append(n)


def test_answers_are_kept_and_counted_one_by_one(endpoint: Endpoint, tmp_path: Path) -> None:
    data = questions(tmp_path, 20)
    endpoint.script["q12."] = [(402, {})]
    options = RunSettings(
        data=data, model_options={"base": endpoint.base, "concurrency": 2}, device="cpu"
    )
    with pytest.raises(ModelError, match="payment"):
        run("api@m", "answers", options)
    before = len(endpoint.bodies)
    progress = Recorder()
    again = run("api@m", "answers", options, progress).record
    assert len(endpoint.bodies) == 21
    assert again.counts["cached"] == before - 1
    assert progress.steps == [1] * (21 - before)
    assert again.scores["exact_match"].value == 1


def test_the_address_is_no_part_of_the_identity(tmp_path: Path) -> None:
    def identity(**options: Any) -> str:
        with ContentKeys(tmp_path) as keys:
            return find("api@m", ModelResolver(keys), options).info.hash

    here = identity(base="http://localhost:1/v1")
    assert identity(base="https://example.org/v1", insecure_http=True) == here
    assert identity(base="http://localhost:1/v1", served_as="m-7b") != here


def test_check_tries_the_endpoint(
    endpoint: Endpoint,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = ["check", "-m", "api@m", "-t", "answers", "--data", str(questions(tmp_path, 2))]
    words += ["--device", "cpu"]
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert main([*words, "--api-base", endpoint.base]) == 0
    endpoint.models = {"data": [{"id": "other"}, {"id": 3}, {"id": KEY}]}
    assert main([*words, "--api-base", endpoint.base]) == 0
    assert "note: the endpoint lists other, ***, but not m" in capsys.readouterr().out
    assert not endpoint.bodies
    endpoint.models = "x" * (17 << 20)
    assert main([*words, "--api-base", endpoint.base]) == 2
    assert "models: the endpoint's response is longer than 16 MiB" in capsys.readouterr().err
    port = free_port()
    assert main([*words, "--api-base", f"http://127.0.0.1:{port}/v1"]) == 2
    assert f"127.0.0.1:{port}/v1/models: cannot connect" in capsys.readouterr().err

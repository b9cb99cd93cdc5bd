"""Flags for workers, and what is refused before Ray starts."""

import sys
from pathlib import Path

import pytest

from tests.support.command_line import refusal

pytestmark = pytest.mark.slow  # starts Ray several times

RUN = ("run", "-m", "clip-nano", "-t", "shapes-retrieval", "--limit", "3")
COMMANDS = (
    RUN,
    ("verify", "-m", "clip-nano", "-t", "shapes-retrieval"),
    ("train", "clip-nano", "--out", "run", "--steps", "1", "--eval", "shapes-retrieval"),
    ("score", "-t", "images", "--predictions", "drawn"),
    ("rescore", "latest"),
    ("classify", "-m", "clip-nano", "--image", "a.png"),
    ("chat", "-m", "llava-nano", "--prompt", "hello"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_ranks_of_torchrun_are_refused(
    command: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORLD_SIZE", "4")
    message = refusal(capsys, *command)
    assert len(message.splitlines()) == 1
    has_workers = command[0] not in ("classify", "chat")
    advice = " and type --workers 4" if has_workers else ""
    assert message.endswith(f"start mmbench without torchrun{advice}\n")


@pytest.mark.parametrize("flag", ["--gpus-per-worker", "--cpus-per-worker"])
def test_resources_without_workers_are_refused(
    flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refusal(capsys, *RUN, flag, "1")
    assert f"{flag} is for workers; add --workers N, or leave it out" in message


@pytest.mark.parametrize("flags", [["--workers", "0"], ["--gpus-per-worker", "-1"]])
def test_invalid_numbers_are_refused(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        refusal(capsys, *RUN, *flags)


def test_an_address_of_ray_client_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    message = refusal(capsys, *RUN, "--ray", "ray://head:10001")
    assert "start mmbench on a node of the cluster and type --ray auto" in message


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nonsense", "not an address; type HOST:PORT of the cluster's head, or auto"),
        ("127.0.0.1:1", "no cluster answers ([Errno 111] Connection refused); type the address"),
    ],
)
def test_an_address_without_a_cluster_is_refused_in_one_line(
    address: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refusal(capsys, *RUN, "--ray", address)
    assert len(error.splitlines()) == 1
    assert f"--ray {address}: {message}" in error


def test_the_address_of_a_cluster_that_has_ended_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")  # where `auto` looks first
    error = refusal(capsys, *RUN, "--ray", "auto")
    assert len(error.splitlines()) == 1
    assert "--ray auto: no cluster answers at " in error
    assert ":1 ([Errno 111] Connection refused); type the address" in error


def test_a_missing_extra_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # an import then fails
    error = refusal(capsys, *RUN, "--workers", "2")
    assert error == "mmbench: error: --workers needs ray: pip install 'mmbench[ray]'\n"


def test_a_numbered_device_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    message = refusal(capsys, *RUN, "--workers", "2", "--device", "cuda:1")
    assert "Ray chooses the GPU of each worker; type --device cuda" in message

"""Flags for workers, and what is refused before Ray starts."""

import pytest

from tests.support.command_line import refusal

pytestmark = pytest.mark.slow  # starts Ray several times

RUN = ("run", "-m", "clip-nano", "-t", "shapes-retrieval", "--limit", "3")


def test_ranks_of_torchrun_are_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")
    for command in (RUN, ("verify", "-m", "clip-nano", "-t", "shapes-retrieval")):
        message = refusal(capsys, *command)
        assert len(message.splitlines()) == 1
        assert "start mmbench without torchrun and type --workers 4" in message


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


def test_a_numbered_device_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    message = refusal(capsys, *RUN, "--workers", "2", "--device", "cuda:1")
    assert "Ray chooses the GPU of each worker; type --device cuda" in message

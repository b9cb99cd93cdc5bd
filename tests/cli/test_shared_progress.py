"""Several runs have one display, which shows their sums."""

import pytest

from mmbench.cli.output.progress import Lines
from mmbench.cli.output.shared_progress import SharedProgress


def test_the_display_has_the_sums_of_all_runs(capsys: pytest.CaptureFixture[str]) -> None:
    progress = SharedProgress(Lines(), 2)
    first, second = progress.part("a on x"), progress.part("b on x")
    first.start("embed text", 10, 4)
    second.start("embed text", 10, 0)
    second.advance(1)
    progress.pause()
    print("scores")
    first.advance(2)
    assert capsys.readouterr().err.splitlines() == [
        "a on x: embed text: 10",
        "2 runs: 10, 4 of them already done",
        "b on x: embed text: 10",
        "2 runs: 20, 5 of them already done",
    ]


def test_runs_show_nothing_after_the_end_of_the_display(
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress = SharedProgress(Lines(), 2)
    part = progress.part("a on x")
    part.start("embed text", 10, 0)
    progress.close()
    capsys.readouterr()
    part.advance(1)
    part.start("embed image", 5, 0)
    part.note("worker 1 died")
    assert capsys.readouterr().err == ""

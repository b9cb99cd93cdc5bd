"""Histories: what stands in one line, where it changed and how that was found, and the picture."""

import json
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from mmbench.cli import main
from mmbench.comparison.checkpoint_steps import checkpoint_step
from mmbench.comparison.history import Point, history, line_name, point_name
from mmbench.comparison.plot import plot
from mmbench.errors import DataError, MissingExtra, UnknownName, UserError
from tests.support.boards import TASK, coins, model_info, write_run
from tests.support.paths import ROOT
from tests.support.processes import run_mmbench


def runs(out: Path, rates: list[float], **changes: Any) -> None:
    """Checkpoints of one model, a day apart, whose answers hang on one another."""
    name = changes.pop("name", "nano")
    first = changes.pop("first", 1)
    for at, rate in enumerate(rates, first):
        model = model_info(name, checkpoint=f"runs/a/step-{at}000", hash=f"h{at}")
        created = f"2026-01-{at:02}T00:00:00.000+00:00"
        values = {"em": coins(300, rate)}
        run = "".join(filter(str.isalnum, name))
        write_run(out, f"{run}-{at:02}", values, model=model, created=created, **changes)


def test_torn_rows_are_named_and_their_runs_held_against_by_intervals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs(tmp_path, [0.3, 0.6, 0.61, 0.4])
    rows = tmp_path / "runs/t/nano-02.parquet"
    rows.write_bytes(rows.read_bytes()[:-9])
    assert main(["history", "t", "--out", str(tmp_path), "--json"]) == 0
    told = capsys.readouterr()
    assert "nano-02.parquet: not the rows of a run" in told.err
    assert [point["by"] for point in json.loads(told.out)] == ["", "intervals", "intervals", "rows"]


def test_steps_are_found_by_rows(tmp_path: Path) -> None:
    runs(tmp_path, [0.3, 0.6, 0.61, 0.4])
    metric, points = history("t", out=tmp_path)
    assert metric == "em"
    assert [point.change for point in points] == ["", "better", "", "worse"]
    assert [point.by for point in points] == ["", "rows", "rows", "rows"]
    assert points[1].difference == pytest.approx(0.3, abs=0.05)
    assert points[0].checkpoint == "runs/a/step-1000"
    assert {point.line for point in points} == {0}


def test_for_what_should_be_low_a_fall_is_better(tmp_path: Path) -> None:
    runs(tmp_path, [0.6, 0.3], better="lower")
    assert history("t", out=tmp_path)[1][1].change == "better"


def test_without_rows_intervals_decide_and_find_less(tmp_path: Path) -> None:
    runs(tmp_path, [0.3, 0.6, 0.65])
    assert [point.change for point in history("t", out=tmp_path)[1]] == ["", "better", "better"]
    (tmp_path / "runs/t/nano-02.parquet").unlink()
    points = history("t", out=tmp_path)[1]
    assert [point.by for point in points] == ["", "intervals", "intervals"]
    assert [point.change for point in points] == ["", "better", ""]
    assert points[1].p_holm is None


@pytest.mark.parametrize(
    "changes",
    [
        {"task": msgspec.structs.replace(TASK, fingerprint="other")},
        {"task": msgspec.structs.replace(TASK, data_hash="other")},
        {"name": "mini"},
        {"signature": True},
    ],
)
def test_what_cannot_be_compared_stands_in_another_line(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    runs(tmp_path, [0.3, 0.3])
    signature = changes.pop("signature", False)
    runs(tmp_path, [0.9, 0.9], first=3, **changes)
    if signature:
        for path in (tmp_path / "runs/t").glob("*-0[34].json"):
            path.write_text(path.read_text().replace("fold=mean", "fold=mean,case=kept"))
    points = history("t", out=tmp_path)[1]
    assert [point.line for point in points] == [0, 0, 1, 1]
    assert [point.change for point in points] == [""] * 4
    assert [point.by for point in points] == ["", "rows", "", "rows"]


def test_baselines_only_where_they_are_asked_for(tmp_path: Path) -> None:
    runs(tmp_path, [0.5])
    runs(tmp_path, [0.1], name="random", baseline="random", first=2)
    assert [point.model for point in history("t", out=tmp_path)[1]] == ["nano"]
    assert [point.model for point in history("t", model="random", out=tmp_path)[1]] == ["random"]


def test_steps_are_corrected_over_the_history(tmp_path: Path) -> None:
    runs(tmp_path, [0.5, 0.53] + [0.53] * 6)
    two = history("t", out=tmp_path)[1]
    runs_alone = tmp_path / "alone"
    runs(runs_alone, [0.5, 0.53])
    alone = history("t", out=runs_alone)[1]
    assert two[1].p_holm is not None and alone[1].p_holm is not None
    assert two[1].p_holm == pytest.approx(min(1.0, 7 * alone[1].p_holm))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"task": "tt"}, "task 'tt' has no runs in .*did you mean t"),
        ({"model": "nanno"}, "unknown model of t 'nanno': did you mean nano"),
        ({"metric": "am"}, "unknown metric of t 'am': known: em"),
    ],
)
def test_unknown_names(tmp_path: Path, asked: dict[str, str], message: str) -> None:
    runs(tmp_path, [0.5])
    with pytest.raises((DataError, UnknownName), match=message):
        history(**({"task": "t"} | asked), out=tmp_path)  # type: ignore[arg-type]


def checkpoint(out: Path, path: str | None, day: int, rate: float = 0.5, **changes: Any) -> str:
    """Write a run of a checkpoint, made on a day of January, and return its id."""
    options = changes.pop("options", {})
    weights = changes.pop("hash", f"{path} {options}")
    model = model_info("nano", checkpoint=path, hash=weights, options=options)
    created, run = f"2026-01-{day:02}T00:00:00.000+00:00", f"202601{day:02}-000000-nano-{day}"
    write_run(out, run, {"em": coins(300, rate)}, model=model, created=created, **changes)
    return run


def test_a_line_is_ordered_by_step_and_has_one_point_per_model(tmp_path: Path) -> None:
    checkpoint(tmp_path, "runs/a/step-10000", 1, 0.7)
    checkpoint(tmp_path, "runs/a/step-900", 2, 0.3)
    again = checkpoint(tmp_path, "runs/a/step-900", 3, 0.3)
    points = history("t", out=tmp_path)[1]
    assert [(point.step, point.change) for point in points] == [(900, ""), (10_000, "better")]
    assert points[0].run == again
    points = history("t", out=tmp_path, by="created")[1]
    assert [(point.step, point.change) for point in points] == [(10_000, ""), (900, "worse")]


def test_training_runs_options_and_models_without_a_step_have_lines_of_their_own(
    tmp_path: Path,
) -> None:
    paths = ("runs/a/step-1", "runs/b/step-1", None, "runs/a/step-2", "runs/b/step-2", "hub/x")
    for day, path in enumerate(paths, 1):
        checkpoint(tmp_path, path, day)
    checkpoint(tmp_path, "runs/a/step-2", 9, options={"beams": 4})
    points = history("t", out=tmp_path)[1]
    lines = [(point.line, line_name(point), point_name(point)) for point in points]
    assert lines == [
        (0, "nano@runs/a", "1"),
        (0, "nano@runs/a", "2"),
        (1, "nano@runs/b", "1"),
        (1, "nano@runs/b", "2"),
        (2, "nano", "packaged"),
        (2, "nano", "hub/x"),
        (3, "nano@runs/a (beams=4)", "2"),
    ]
    with pytest.raises(UserError, match="no step in the name of hub/x; use --by created"):
        history("t", out=tmp_path, by="step")


def test_the_name_of_scored_outputs_has_their_checkpoint(tmp_path: Path) -> None:
    for day, (name, rate) in enumerate(
        [("llava@runs/a/step-200", 0.7), ("llava@runs/a/step-90", 0.3), ("gpt", 0.5), ("@x", 0.5)],
        1,
    ):
        model = model_info(name, adapter="outputs", dtype="none")
        created, run = f"2026-01-{day:02}T00:00:00.000+00:00", f"202601{day:02}-000000-{day}"
        write_run(tmp_path, run, {"em": coins(300, rate)}, model=model, created=created)
    points = history("t", out=tmp_path)[1]
    lines = [(point.line, line_name(point), point_name(point)) for point in points]
    assert lines == [
        (0, "llava@runs/a", "90"),
        (0, "llava@runs/a", "200"),
        (1, "gpt", "none"),
        (2, "@x", "none"),
    ]
    assert [point.change for point in points] == ["", "better", "", ""]
    for name in ("llava", "llava@runs/a/step-200"):
        assert history("t", model=name, out=tmp_path)[1][-1].step == 200


def test_a_last_checkpoint_without_a_step_orders_its_line_by_time(tmp_path: Path) -> None:
    for day, path in enumerate(("out/checkpoint-9", "out/checkpoint-10", "out"), 1):
        checkpoint(tmp_path, path, day)
    points = history("t", out=tmp_path)[1]
    names = [(point.line, line_name(point), point_name(point)) for point in points]
    assert names == [(0, "nano@out", name) for name in ("checkpoint-9", "checkpoint-10", "out")]


@pytest.mark.parametrize(
    ("path", "training", "step"),
    [
        ("runs/a/step-2000", "runs/a", 2000),
        ("runs/a/step-2000/", "runs/a", 2000),
        ("runs/a/checkpoint-500/adapter", "runs/a/adapter", 500),
        ("a/epoch=3-step=2000.ckpt", "a", 2000),
        ("a/global_step12", "a", 12),
        ("a-epoch_7.pt", "a", 7),
        ("openai/clip-vit-base-patch32", "openai/clip-vit-base-patch32", None),
        ("runs/footstep-3", "runs/footstep-3", None),
        ("", "", None),
    ],
)
def test_the_step_in_the_name_of_a_checkpoint(path: str, training: str, step: int | None) -> None:
    assert checkpoint_step(path) == (training, step)


def test_several_metrics_are_all_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = {"em": coins(300, 0.4), "wer[none]": coins(300, 0.6), "wer[basic]": coins(300, 0.5)}
    write_run(tmp_path, "one", values)
    command = ["history", "t", "--out", str(tmp_path), "--metric", "em", "--metric", "wer"]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if line.startswith("t: ")] == [
        "t: em", "t: wer[none]", "t: wer[basic]"
    ]  # fmt: skip
    assert main([*command, "--json"]) == 0
    points = json.loads(capsys.readouterr().out)
    assert [point["metric"] for point in points] == ["em", "wer[none]", "wer[basic]"]


def test_our_own_history_reads_at_80_columns_and_shows_no_false_fall(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["history", "shapes-vqa", "--out", str(ROOT / "leaderboards")]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert "llava-nano@runs/llava-nano\n" in out
    assert "WORSE -0.5580" not in out  # of step 1000 against the packaged model


HOSTILE = "$\\frac{a$ <script>&\x1b[31m\u202e_"


def test_what_the_program_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs(tmp_path, [0.3, 0.6], name=HOSTILE)
    assert main(["history", "t", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and "\u202e" not in out
    assert "BETTER +0.2933, p < 0.0001" in out
    assert main(["history", "t", "--out", str(tmp_path), "--json"]) == 0
    assert [p["change"] for p in json.loads(capsys.readouterr().out)] == ["", "better"]


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_a_plot_of_hostile_names(tmp_path: Path, ending: str) -> None:
    pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
    runs(tmp_path, [0.3, 0.6, 0.5], name=HOSTILE)
    runs(tmp_path, [0.4], name="_hidden", first=4)
    file = tmp_path / f"h.{ending}"
    assert main(["history", "t", "--out", str(tmp_path), "--plot", str(file)]) == 0
    first = file.read_bytes()
    if ending == "svg":
        ElementTree.fromstring(first)
        assert b"<script" not in first
    assert main(["history", "t", "--out", str(tmp_path), "--plot", str(file)]) == 0
    assert file.read_bytes() == first


def test_a_plot_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = [Point("r", "2026-01-01T00:00", "m", "", "float32", 0, None, None, None, 0, 0)]
    with pytest.raises(UserError, match=r"unknown file extension; use \.svg, \.png, \.pdf"):
        plot({"t": points}, tmp_path / "h.gif")
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match=r"mmbench\[plot\]"):
        plot({"t": points}, tmp_path / "h.svg")


def test_a_plot_of_runs_without_a_value_and_of_no_such_folder(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
    points = [Point("r", "2026-01-01T00:00", "m", "", "float32", 0, None, None, None, 0, 0)]
    plot({"t": points}, tmp_path / "h.svg")
    with pytest.raises(UserError, match="cannot be written"):
        plot({"t": points}, tmp_path / "none" / "h.svg")


def test_exit_codes_of_the_program(tmp_path: Path) -> None:
    runs(tmp_path, [0.3, 0.6])
    for task, code in (("t", 0), ("nothing", 2)):
        run_mmbench("history", task, "--out", tmp_path, cwd=ROOT, code=code)


def test_the_lines_of_a_plot_can_be_told_apart(tmp_path: Path) -> None:
    """Models without a step by their dashes, more lines than there are colours by their points."""
    pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
    for day, path in enumerate((None, "hub/x", *(f"runs/{n}/step-1" for n in range(7))), 1):
        checkpoint(tmp_path, path, day)
    plot({"t": history("t", out=tmp_path)[1]}, tmp_path / "h.svg")
    drawn = (tmp_path / "h.svg").read_text()
    assert len(set(re.findall(r"stroke-dasharray: ([^;]+)", drawn))) == 2
    legend = drawn[drawn.index('id="legend_1"') :]
    assert len(set(re.findall(r'<use xlink:href="(#m\w+)"[^>]*fill: #b5651d', legend))) == 2

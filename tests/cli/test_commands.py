"""The commands as a user types them: what is printed where, and the exit codes."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmbench.cli import main
from mmbench.cli.exit_codes import worst
from mmbench.cli.parser.options import allowed_failures, data_for, model_options
from mmbench.errors import UserError
from tests.support.layouts.coco import make_coco, read_coco, write_coco
from tests.support.paths import ROOT
from tests.support.processes import run_process
from tests.support.toy_models import Means

assert Means  # registers the model test-means


@pytest.fixture
def coco(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return make_coco(tmp_path / "coco")


def run(*args: str) -> int:
    return main(["run", "--device", "cpu", "-m", "test-means", "-t", "coco-retrieval", *args])


def test_a_run_prints_scores_and_writes_the_leaderboard(
    coco: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--data", str(coco)) == 0
    out = capsys.readouterr().out
    assert "recall@1[text-to-image]" in out
    assert out.count("not comparable: another model (test-means)") == 1  # once for all six
    assert "18 computed, 0 from the cache" in out
    assert "leaderboard: leaderboards/coco-retrieval.md" in out
    page = Path("leaderboards/coco-retrieval.md").read_text()
    assert "test-means" in page
    assert "not comparable with the protocol: 6 of 5000" in page
    assert Path("leaderboards/README.md").exists()


def test_published_as_compares_with_that_model(
    coco: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("--data", str(coco), "--published-as", "openai/clip-vit-base-patch32")
    out = capsys.readouterr().out
    assert "published 0.3044 for openai/clip-vit-base-patch32\n" in out
    assert out.count("not comparable: 6 of 5000") == 1  # once for all six


def test_json_alone_is_on_stdout(coco: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--data", str(coco), "--json", "-m", "oracle") == 0
    records = json.loads(capsys.readouterr().out)
    assert [r["model"]["name"] for r in records] == ["test-means", "oracle"]
    assert records[0]["schema"] == 1
    assert records[1]["baseline"] == "oracle"
    assert records[1]["scores"]["recall@1[text-to-image]"]["value"] == 1.0
    for score in records[0]["scores"].values():  # an interval, or the reason why there is none
        assert score["reason"] if score["low"] is None else score["low"] <= score["value"]
        assert score["high"] is None or score["value"] <= score["high"]


def test_a_pair_that_fails_does_not_stop_the_others(
    coco: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(
        ["run", "-m", "nobody", "-m", "constant", "-t", "coco-retrieval", "--data", str(coco)]
    )
    shown = capsys.readouterr()
    assert code == 2
    assert "unknown model 'nobody'" in shown.err
    assert "constant (baseline)" in shown.out


@pytest.mark.parametrize(("allowed", "code"), [("0", 3), ("1", 0), ("5%", 3), ("6%", 0)])
def test_failed_samples_beyond_what_is_allowed(
    coco: Path, capsys: pytest.CaptureFixture[str], allowed: str, code: int
) -> None:
    (coco / "images" / f"{0:012}.png").write_bytes(b"no image")
    assert run("--data", str(coco), "--allow-failed", allowed) == code
    out = capsys.readouterr().out
    assert "1 sample failed; recall@1[text-to-image] between " in out
    assert f"{0:012}.png" in out


SPEED = """\
include: transcripts
name: speed
metrics: [{metrics}]
headline: {headline}
"""


def score_speed(folder: Path, metrics: str, headline: str, spoken: object = "hello") -> int:
    """Score one transcript, without seconds, on a task of these metrics."""
    (folder / "speed.yaml").write_text(SPEED.format(metrics=metrics, headline=headline))
    (folder / "ref.jsonl").write_text('{"id": "u1", "text": "hello"}\n')
    said = {"value": spoken} if isinstance(spoken, str) else spoken
    (folder / "hyp.jsonl").write_text(json.dumps({"id": "u1"} | said))  # type: ignore[operator]
    files = ["--data", str(folder / "ref.jsonl"), "--predictions", str(folder / "hyp.jsonl")]
    out = ["--out", str(folder / "board")]
    return main(["score", "-t", str(folder / "speed.yaml"), *files, *out])


def test_a_headline_without_a_value_is_exit_code_4(tmp_path: Path) -> None:
    """Exit code 4 stands for "no verdict, or no value for the headline"; `rtfx` needs seconds."""
    assert score_speed(tmp_path, "rtfx, 'wer[none]'", "rtfx") == 4
    assert score_speed(tmp_path, "rtfx, 'wer[none]'", "wer[none]") == 0
    # Code 3 tells more: the one sample failed.
    assert score_speed(tmp_path, "rtfx, 'wer[none]'", "rtfx", {"error": "timeout"}) == 3


def test_a_headline_that_is_no_score_of_the_task_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score_speed(tmp_path, "'wer[none]'", "wer[basic]") == 2
    assert "unknown headline of task speed 'wer[basic]': did you mean wer[none]?" in (
        capsys.readouterr().err
    )


def test_of_several_exit_codes_the_worst_counts() -> None:
    """The order of the documentation: 130, 70, 2, 3, 4, 1, 0."""
    order = [130, 70, 2, 3, 4, 1, 0]
    assert [worst(order[n:]) for n in range(len(order))] == order
    assert worst([]) == 0


@pytest.mark.parametrize("text", ["", "-1", "x", "nan", "%"])
def test_a_senseless_allowance_is_refused_before_the_work(text: str) -> None:
    with pytest.raises(UserError, match="--allow-failed"):
        allowed_failures(text, 10)


def test_data_is_for_its_task_or_for_all() -> None:
    given = ["all", "b=here", "c=d/e=f"]
    assert data_for("b", given, ["a", "b"]) == Path("here")
    assert data_for("a", given, ["a", "b"]) == Path("c=d/e=f")
    assert data_for("a", [], ["a"]) is None


def test_model_options_are_yaml_scalars() -> None:
    assert model_options(["a=3", "b=true", "c=x=y", "d="]) == {
        "a": 3, "b": True, "c": "x=y", "d": None
    }  # fmt: skip
    with pytest.raises(UserError, match="KEY=VALUE"):
        model_options(["a"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('{"images": [', "captions.json"),
        ("duplicate", "each image id must occur once"),
    ],
)
def test_bad_annotations_are_one_line(
    coco: Path, capsys: pytest.CaptureFixture[str], change: str, message: str
) -> None:
    images, annotations = read_coco(coco)
    write_coco(coco, [*images, images[0]], annotations)
    if change != "duplicate":
        (coco / "captions.json").write_text(change)
    assert run("--data", str(coco)) == 2
    err = [li for li in capsys.readouterr().err.splitlines() if "error" in li]
    assert len(err) == 1
    assert message in err[0]


def test_check_names_what_would_fail(coco: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["check", "-m", "test-means", "-t", "coco-retrieval", "--data", str(coco)]
    assert main(args) == 0
    assert "ready: `mmbench run` with" in capsys.readouterr().out
    assert main(["check", *args[3:]]) == 0
    assert "ready: `mmbench run -m MODEL` with" in capsys.readouterr().out
    (coco / "images" / f"{0:012}.png").unlink()
    assert main(args) == 3
    assert "1 sample would fail" in capsys.readouterr().out


def test_list_show_leaderboard_and_cache(coco: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("--data", str(coco))
    capsys.readouterr()
    assert main(["list", "runs"]) == 0
    name = capsys.readouterr().out.split()[0]
    assert main(["show", "run", name[:-2], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["run"] == name
    assert main(["leaderboard", "show"]) == 0
    assert "test-means" in capsys.readouterr().out
    Path("leaderboards/coco-retrieval.md").unlink()
    assert main(["leaderboard", "build"]) == 0
    assert Path("leaderboards/coco-retrieval.md").exists()
    assert main(["leaderboard", "show", "nothing"]) == 2
    capsys.readouterr()
    assert main(["cache", "show"]) == 0
    assert "test-means" in capsys.readouterr().out
    assert main(["cache", "prune"]) == 0
    assert "pruned: 1 journal," in capsys.readouterr().out
    assert run("--data", str(coco)) == 0
    assert "18 computed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "shown"),
    [
        (["show", "task", "coco-retrieval"], "recall@1[text-to-image]: 0.3044"),
        (["show", "task", "coco-retrieval"], "\n  split: test\n"),  # YAML nests by indentation
        (["show", "metric", "recall@10"], "any"),
        (["show", "metric", "rsum"], "\nrange: [0, 3], doubled for two directions\n"),
        (["show", "metric", "mean_rank"], "direction: lower is better\nrange: [1, ∞)\nkinds: retr"),
        (["show", "metric", "kid"], "range: no worst and no best value"),
        (["show", "metric", "spice"], "needs: java, pycocoevalcap"),
        (
            ["show", "metric", "clipscore"],
            "features of a model: clip@openai/clip-vit-base-patch32;",
        ),
        (["show", "metric", "clipscore@clip-nano"], "features of a model: clip-nano; @MODEL"),
        (["show", "metric", "fid"], "; inception needs --inception FILE\n"),
        (["list", "metrics"], "higher is better  [0, 10]     CIDEr-D"),
        (["show", "model", "clip"], "openai/clip-vit-base-patch32"),
        (["show", "model", "clip-nano"], "modalities: image, text"),
    ],
)
def test_show(args: list[str], shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(args) == 0
    assert shown in capsys.readouterr().out


def test_a_bug_ends_with_70_and_its_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmbench.cli.commands.results.list.command", lambda args: 1 / 0)
    assert main(["list", "models"]) == 70
    err = capsys.readouterr().err
    assert "ZeroDivisionError" in err
    assert "this is a bug" in err


@pytest.mark.slow
def test_without_data_weights_and_network_it_ends_at_once_with_what_to_type(
    tmp_path: Path,
) -> None:
    env = os.environ | {
        "HF_HOME": str(tmp_path / "hf"),
        "MMBENCH_CACHE": str(tmp_path / "cache"),
        "HF_ENDPOINT": "http://127.0.0.1:9",
    }
    command = [sys.executable, "-m", "mmbench", "run", "-m", "clip", "-t", "coco-retrieval"]
    start = time.monotonic()
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True)
    spent = time.monotonic() - start
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for words in (
        "openai/clip-vit-base-patch32", str(tmp_path / "hf"), "@CHECKPOINT", "--data",
        str(tmp_path / "data/coco"), "-m clip-nano -t shapes-retrieval",
    ):  # fmt: skip
        assert words in done.stderr
    assert spent < 30  # no retry loop: a retrying client takes minutes


def test_docs_are_what_the_program_says() -> None:
    from tools.document import commands, metrics

    assert (ROOT / "docs/cli.md").read_text() == commands()
    assert (ROOT / "docs/metrics.md").read_text() == metrics()


def test_tables_of_models_and_tasks_are_those_of_the_registries() -> None:
    # In a process of its own: toys that other tests register are in no document.
    def table(what: str) -> str:
        return run_process(sys.executable, "-m", "tools.document_tasks", what, cwd=ROOT)

    assert (ROOT / "docs/tasks.md").read_text() == table("tasks")
    assert table("models") in (ROOT / "docs/models.md").read_text()

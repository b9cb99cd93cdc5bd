"""The example workflow: its steps run in a real repository with a real remote; `gh` is recorded.

What GitHub does with the rest of the file (events, permissions, actions) is not tested here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mmbench.validation.safe_parse import parse_yaml
from tests.support.paths import ROOT

WORKFLOW = ROOT / "examples/github-actions/mmbench-gate.yml"
# On 60 questions, the baseline is `oracle`, which is always right, and a candidate is `random`.
GATES = "shapes-vqa exact_match: -1%\n"
RUN_FLAGS = "--device cpu --limit 60"
# Answers a request for comments with the ids in `posted`, and appends its arguments to `calls`.
GH = """#!/bin/sh
printf '%s\\n' "$*" >> "$GH_LOG/calls"
case "$*" in
  *--paginate*) cat "$GH_LOG/posted" 2> /dev/null || true ;;
  *) cp mmbench.md "$GH_LOG/body.md" ;;
esac
"""


class Runner(NamedTuple):
    """A machine that runs jobs in clones of a remote repository."""

    folder: Path
    env: Mapping[str, str]

    def run(self, job: str, name: str, **env: str) -> tuple[int, str]:
        """Run the `run` steps of a job in the clone `name` until one fails.

        Return the exit code and what the steps printed. As on GitHub, a step without
        a `shell` is a script of `bash -e`. The installation is left out: mmbench is installed.
        """
        printed = []
        for step in workflow()["jobs"][job]["steps"]:
            if "run" not in step or step["name"] == "Install mmbench":
                continue
            own = {key: value for key, value in step.get("env", {}).items() if "${{" not in value}
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-e", "-c", step["run"]],
                cwd=self.folder / name,
                env={**self.env, **own, **env},
                capture_output=True,
                text=True,
                check=False,
            )
            printed.append(done.stdout + done.stderr)
            if done.returncode:
                return done.returncode, "".join(printed)
        return 0, "".join(printed)

    def clone(self, name: str) -> Path:
        """Return a shallow clone of the remote, such as `actions/checkout` makes."""
        url = f"file://{self.folder / 'remote.git'}"
        git("clone", "--quiet", "--depth", "1", url, name, cwd=self.folder)
        return self.folder / name


def workflow() -> Any:
    return parse_yaml(WORKFLOW.read_text(encoding="utf-8"))


def git(*args: str, cwd: Path) -> str:
    return subprocess.run(
        ["git", *args], cwd=cwd, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A remote with a commit on main; `mmbench` and a recording `gh` are on the path."""
    return make_runner(tmp_path)


def make_runner(tmp_path: Path) -> Runner:
    programs, log = tmp_path / "bin", tmp_path / "gh"
    for folder in (programs, log):
        folder.mkdir()
    scripts = {"mmbench": f'#!/bin/sh\nexec "{sys.executable}" -m mmbench "$@"\n', "gh": GH}
    for name, text in scripts.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    git("init", "--quiet", "--bare", "--initial-branch=main", "remote.git", cwd=tmp_path)
    git("clone", "--quiet", "remote.git", "author", cwd=tmp_path)
    (tmp_path / "author/README.md").write_text("a model\n")
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    git("checkout", "--quiet", "-b", "main", cwd=tmp_path / "author")
    git("add", ".", cwd=tmp_path / "author")
    git(*author, "commit", "--quiet", "--message", "a", cwd=tmp_path / "author")
    git("push", "--quiet", "origin", "main", cwd=tmp_path / "author")
    env = {
        **{name: str(value) for name, value in workflow()["env"].items()},
        "GATES": GATES,
        "RUN_FLAGS": RUN_FLAGS,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "MMBENCH_CACHE": str(tmp_path / "cache"),
        "GH_LOG": str(log),
        "GITHUB_SHA": "0" * 40,
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "OMP_NUM_THREADS": "1",
    }
    return Runner(tmp_path, env)


def test_only_the_job_that_runs_no_code_may_write_to_pull_requests() -> None:
    jobs = workflow()["jobs"]
    assert workflow()["permissions"] == {}
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "baseline": {"contents": "write"},
        "gate": {"contents": "read"},
        "comment": {"pull-requests": "write"},
    }
    uses = [step.get("uses", "") for step in jobs["comment"]["steps"]]
    assert not any(one.startswith("actions/checkout") for one in uses)


def test_no_script_contains_an_expression() -> None:
    """Text of a pull request that GitHub inserts into a script would be run by the shell."""
    scripts = [s["run"] for job in workflow()["jobs"].values() for s in job["steps"] if "run" in s]
    assert len(scripts) >= 7
    assert not any("${{" in script for script in scripts)


def test_the_default_gates_name_tasks_and_rules_that_exist() -> None:
    from mmbench.comparison.gate import parse_rule
    from mmbench.spec import packaged_tasks

    lines = workflow()["env"]["GATES"].strip().splitlines()
    for task, _, rule in (line.partition(" ") for line in lines):
        assert task in packaged_tasks()
        assert parse_rule(rule).loss > 0


def test_the_marker_of_the_workflow_is_that_of_its_comment() -> None:
    scripts = "".join(step.get("run", "") for step in workflow()["jobs"]["comment"]["steps"])
    assert 'marker="<!-- mmbench-gate: mmbench -->"' in scripts


@pytest.mark.slow
def test_from_a_push_to_an_updated_comment(runner: Runner) -> None:
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed; GitHub's runners have it")
    code, printed = run_gate(runner, "early", "oracle")
    assert code == 1
    assert "no branch mmbench-baselines yet" in printed

    runner.clone("main")
    code, printed = runner.run("baseline", "main", MODEL="oracle")
    assert code == 0, printed
    assert "mmbench-baselines" in git(
        "branch", "--list", "mmbench-*", cwd=runner.folder / "remote.git"
    )

    code, printed = run_gate(runner, "same", "oracle")
    assert code == 0, printed
    comment = (runner.folder / "same/mmbench.md").read_text(encoding="utf-8")
    assert comment.splitlines()[1] == "## ✅ mmbench: the gate passes"
    assert (runner.folder / "summary.md").read_text(encoding="utf-8") == comment
    assert list((runner.folder / "same/report/compare/shapes-vqa").glob("*.html"))
    assert (runner.folder / "same/gate-shapes-vqa.xml").exists()

    code, printed = run_gate(runner, "worse", "random")
    assert code == 1
    assert "::error title=mmbench fail" in printed
    comment = (runner.folder / "worse/mmbench.md").read_text(encoding="utf-8")
    assert comment.splitlines()[1] == "## ❌ mmbench: the gate fails: shapes-vqa"

    posting = {"GH_TOKEN": "t", "PULL_REQUEST": "7", "RUN_URL": "https://github.com/o/r/1"}
    log = runner.folder / "gh"
    assert runner.run("comment", "worse", **posting)[0] == 0
    listing = (log / "calls").read_text()
    assert listing.startswith("api --paginate repos/o/r/issues/7/comments --jq ")
    assert (
        last_call(log) == "api --method POST repos/o/r/issues/7/comments --field body=@mmbench.md"
    )
    assert (log / "body.md").read_text(encoding="utf-8") == comment

    (log / "posted").write_text("42\n43\n")
    assert runner.run("comment", "worse", **posting)[0] == 0
    assert last_call(log) == (
        "api --method PATCH repos/o/r/issues/comments/42 --field body=@mmbench.md"
    )
    (runner.folder / "worse/mmbench.md").unlink()
    assert runner.run("comment", "worse", **posting)[0] == 0
    assert "## ⚠️ mmbench: no verdict" in (log / "body.md").read_text(encoding="utf-8")

    runner.clone("again")
    assert runner.run("baseline", "again", MODEL="random")[0] == 0
    stored = git("show", "mmbench-baselines:baselines.json", cwd=runner.folder / "remote.git")
    assert [record["model"]["name"] for record in json.loads(stored)] == ["random"]
    commits = git("rev-list", "--count", "mmbench-baselines", cwd=runner.folder / "remote.git")
    assert commits.strip() == "1"


def run_gate(runner: Runner, name: str, model: str) -> tuple[int, str]:
    """Run the job `gate` for a pull request with this model in a clone of its own."""
    runner.clone(name)
    return runner.run("gate", name, MODEL=model)


def last_call(log: Path) -> str:
    return (log / "calls").read_text().splitlines()[-1]

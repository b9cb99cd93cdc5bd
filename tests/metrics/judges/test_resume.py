"""A judge that is killed goes on where it was: nothing that was answered is asked again."""

import json
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.support.files import write_file, write_lines
from tests.support.paths import ROOT
from tests.support.processes import Ended, forks

PLUGIN = f'''
import json, os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
import mmbench
from tests.support.judges import Judge, blocks

@mmbench.register("model", "mortal-judge")
class Mortal(Judge):
    """An honest judge that dies in its n-th batch, by the hand of the system."""
    identity = "mortal judge"
    n = 0

    def write(self, conversations, options):
        Mortal.n += 1
        dies = Mortal.n == int(os.environ["DIE_AT"])
        answers = [blocks(turns[-1].parts[-1])["ANSWER"] for turns in conversations]
        with open(os.environ["LOG"], "a") as log:
            log.write(json.dumps([dies, answers]) + "\\n")
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().write(conversations, options)
'''
RUN = "import sys\nfrom mmbench.cli import main\nsys.exit(main(args))"
N = 64


@pytest.mark.slow
def test_rescoring_after_a_kill_asks_only_what_has_no_answer(tmp_path: Path) -> None:
    plugin = write_file(tmp_path / "mortal.py", PLUGIN)
    rows = [{"id": f"{i}", "question": f"Q: {i}", "answer": f"{i % 3}"} for i in range(N)]
    data = write_lines(tmp_path / "q.jsonl", *rows)
    out, log, cache = (str(tmp_path / name) for name in ("out", "log", "cache"))
    common = ["--data", str(data), "--out", out, "--plugin", str(plugin), "--device", "cpu"]
    metric = "judge[answer-match]@mortal-judge"

    def start(die_at: int, *command: str) -> Ended:
        environment = {"DIE_AT": str(die_at), "LOG": log, "MMBENCH_CACHE": cache}
        return running.start(RUN, *command, *common, "--json", **environment).wait()

    with forks("import torch, mmbench.cli, mmbench.engine.run", tmp_path) as running:
        first = start(0, "run", "-m", "toy-writer", "-t", "open-answers")
        run = json.loads(first.out)[0]["run"]
        for die_at in (2, 3):
            rescored = start(die_at, "rescore", run, "--metric", metric)
            assert rescored.code == -signal.SIGKILL
        whole = start(0, "rescore", run, "--metric", metric)
    assert whole.code == 0, whole.err
    record = json.loads(whole.out)[0]
    batches = [json.loads(line) for line in Path(log).read_text().splitlines()]
    assert [len(answers) > 0 for dies, answers in batches if dies] == [True, True]
    answered = Counter(answer for dies, answers in batches if not dies for answer in answers)
    assert answered == Counter(f"{i}" for i in range(N))  # each once, in three processes
    pairs = [(str(i), str(i % 3)) for i in range(N)]
    grades = [1 if answer == right else 0.5 * (right in answer) for answer, right in pairs]
    assert record["scores"][metric]["value"] == pytest.approx(sum(grades) / N)
    assert record["tokens"]["judge computed"]["completion"] > 0

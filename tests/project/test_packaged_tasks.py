"""The packaged tasks ask what they asked: fingerprints, data hashes, signatures and scores.

`packaged_tasks.json` was written before the options of kinds became types of their own. A change in
it is a change of what is asked, or of how it is measured; then the task's version changes too.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mmbench.engine.identity import fingerprint
from mmbench.engine.options import RunSettings
from mmbench.engine.run import run
from mmbench.spec import load_task, packaged_tasks
from mmbench.types import KindOptions, RunRecord
from tests.support.paths import real_data

EXPECTED: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("packaged_tasks.json").read_text()
)
REAL = [name for name, values in EXPECTED.items() if "real" in values]
MEASURED = [name for name, values in EXPECTED.items() if "scores" in values]


def test_every_packaged_task_is_known() -> None:
    assert packaged_tasks() == sorted(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_fingerprint_is_unchanged(name: str) -> None:
    assert fingerprint(load_task(name)) == EXPECTED[name]["fingerprint"]


@pytest.mark.parametrize("name", MEASURED)
def test_data_and_scores_are_unchanged(name: str) -> None:
    """The random baseline on the first 40 samples of the data that come with the package."""
    _compare(run("random", name, RunSettings(limit=40, seed=3)).record, EXPECTED[name])


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if "caption" in n else ()) for n in REAL]
)
def test_real_data_and_their_scores_are_unchanged(name: str) -> None:
    """The random baseline on the first 20 samples of data that are not part of the project."""
    expected = EXPECTED[name]["real"]
    path = real_data(expected["data"])
    _compare(run("random", name, RunSettings(data=path, limit=20, seed=3)).record, expected)


def _compare(record: RunRecord, expected: dict[str, Any]) -> None:
    assert record.task.data_hash == expected["data_hash"]
    assert record.task.asked == expected["asked"]
    assert record.scores.keys() == expected["scores"].keys()
    for metric, (*numbers, n, signature) in expected["scores"].items():
        score = record.scores[metric]
        for found, number in zip((score.value, score.low, score.high), numbers, strict=True):
            assert found == (None if number is None else pytest.approx(number, rel=1e-6)), metric
        assert score.n == n
        assert _without_identity(score.signature) == _without_identity(signature)


class _Judged(KindOptions, frozen=True):
    """The options of a plugin's kind, of which one has to be given."""

    judge: str
    rounds: int = 2


def test_an_option_that_must_be_given_always_counts() -> None:
    def found(**options: Any) -> str:
        return fingerprint(replace(load_task("shapes-vqa"), options=_Judged(**options)))

    assert found(judge="a") == found(judge="a", rounds=2)
    assert len({found(judge="a"), found(judge="b"), found(judge="a", rounds=3)}) == 3


def _without_identity(signature: str) -> str:
    """Return a signature without the hash of a model and the version of a normaliser."""
    return re.sub(r"#[0-9a-f]{8}|(?<=normalizer=)[\d.]+", "", signature)

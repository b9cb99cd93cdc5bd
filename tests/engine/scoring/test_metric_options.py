"""Options of metrics: given by a task or a program, checked before a run, handed to the metric."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import mmbench
from mmbench import metric_names, stats
from mmbench.cli.commands.results.show import task_yaml
from mmbench.engine.identity import fingerprint
from mmbench.engine.loading.prepare import find_task
from mmbench.engine.options import RunSettings
from mmbench.engine.scoring.measure import measure
from mmbench.errors import UnknownName, UserError
from mmbench.spec import load_task
from mmbench.types import Prediction, Score

TASK = """
kind: writing
data: {source: shapes-captions, images: 4}
fields: {image: image}
metrics: [test_longer, exact_match]
headline: test_longer
"""


@mmbench.register("metric", "test_longer")
def longer(predictions: Sequence[Prediction], *, options: Mapping[str, Any]) -> Score:
    """Share of the texts with more characters than the option `than`."""
    than = options.get("than", 0)
    rows = [len(p.value) > than for p in predictions]
    return stats.score(rows, signature=f"than={than}", worst=0, best=1)


def _task(folder: Path, options: str) -> str:
    path = folder / "long.yaml"
    path.write_text(f"{TASK}{options}\n")
    return str(path)


def test_a_metric_gets_the_options_of_its_task() -> None:
    predictions = [Prediction("a", "four", ["four"]), Prediction("b", "no", ["four"])]
    options = {"test_longer": {"than": 3}}
    measured = measure(["test_longer"], {"": [predictions]}, options=options)
    assert measured.scores["test_longer"].value == 0.5
    assert measured.scores["test_longer"].signature == "fold=mean,than=3"
    assert measure(["test_longer"], {"": [predictions]}).scores["test_longer"].value == 1.0


def test_a_program_gives_options_by_their_names() -> None:
    metric = mmbench.metric("test_longer", than=3)
    assert metric([Prediction("a", "four"), Prediction("b", "no")]).value == 0.5
    with pytest.raises(UserError, match="metric exact_match takes no options, but than is given"):
        mmbench.metric("exact_match", than=3)


def test_a_task_says_options_and_asks_the_same_question(tmp_path: Path) -> None:
    plain = load_task(_task(tmp_path, ""))
    spec = load_task(_task(tmp_path, "metric_options: {test_longer: {than: 3}}"))
    assert spec.metric_options == {"test_longer": {"than": 3}}
    assert fingerprint(spec) == fingerprint(plain)
    (tmp_path / "again.yaml").write_text(task_yaml(str(tmp_path / "long.yaml"), []))
    assert load_task(str(tmp_path / "again.yaml")) == spec


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("{test_long: {than: 3}}", "unknown metric in metric_options of .*did you mean test_long"),
        ("{exact_match: {than: 3}}", "metric exact_match takes no options, but than is given"),
        ("{test_longer: 3}", "must be a mapping, not an integer"),
    ],
)
def test_options_that_are_refused_before_a_run(tmp_path: Path, options: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        find_task(_task(tmp_path, f"metric_options: {options}"), RunSettings())


def test_a_name_left_open_takes_what_the_metric_knows() -> None:
    def check(name: str) -> None:
        if name not in ("one", "two"):
            raise UnknownName("name", name, ["one", "two"])

    @mmbench.register("metric", "test_open[NAME]")
    @mmbench.declare(check_argument=check)
    def named(predictions: Sequence[Prediction], name: str) -> Score:
        return stats.score([float(p.value == name) for p in predictions])

    assert mmbench.metric("test_open[one]")([Prediction("a", "one")]).value == 1.0
    assert math.isnan(mmbench.metric("test_open[two]")([]).value)
    for wrong in ("tow]", "]", "one", "[one]]"):
        with pytest.raises(UnknownName):
            metric_names.metric(f"test_open[{wrong}")

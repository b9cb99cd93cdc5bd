"""Mistakes in a plugin's kind: one line that names the kind and the method, exit code 2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mmbench import registry
from mmbench.cli import main

PLUGIN = """
import mmbench
from mmbench.kinds import PerSample, generated
from mmbench.protocols import Writes
from mmbench.stats import score
from mmbench.types import KindOptions, Message, Requests, Sample, Written

class Own(KindOptions, frozen=True):
    OPTION

class Base(PerSample):
    Options = Own
    ability = Writes
    baselines = ("oracle", "constant")

    def requests(self, data, seed):
        turns = [(Message("user", (sample.inputs["text"],)),) for sample in data.samples]
        return {"sample": Requests(turns, "text", method="write")}

    def values(self, data, responses):
        return [written.text for written in generated(responses, "sample").values]

    def accepted(self, data, outputs):
        return [outputs.values[sample.id] for sample in data.samples]

    def baseline_values(self, name, data, seed):
        return [sample.target for sample in data.samples]

@mmbench.register("kind", "own")
class Odd(Base):
    BODY

@mmbench.register("data", "own-data")
def source(root):
    samples = [Sample(str(n), {"text": f"{n}?"}, "yes") for n in range(3)]
    return RETURNED

@mmbench.register("metric", "right")
def right(predictions):
    return score([p.value == p.target for p in predictions])

@mmbench.register("model", "own-model")
class Model:
    modalities = frozenset({"text"})

    def __init__(self, folder, *, device, dtype):
        pass

    def write(self, conversations, options):
        return [Written("yes") for _ in conversations]
"""
TASK = """
kind: own
data: {source: own-data}
fields: {text: text}
metrics: [right]
headline: right
KEY
"""
RUN = "run -m own-model -t own.yaml --device cpu"
SCORE = "score -t own.yaml --predictions outputs.jsonl"
ORACLE = "run -m oracle -t own.yaml"
LISTED = "give a list with one value for each sample, a Broken for one that failed"
Attempt = Callable[..., tuple[int, str]]


@pytest.fixture
def attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Attempt:
    """Run a command with a kind that has this code: exit code and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_plugins", {k: {**v} for k, v in registry._plugins.items()})
    rows = [f'{{"id": "{n}", "prediction": "yes"}}\n' for n in range(3)]
    Path("outputs.jsonl").write_text("".join(rows))

    def attempt(
        command: str,
        body: str = "pass",
        *,
        option: str = "loud: bool = False",
        returned: str = "mmbench.Samples(samples)",
        key: str = "",
    ) -> tuple[int, str]:
        source = PLUGIN.replace("BODY", body).replace("OPTION", option)
        Path("plugin.py").write_text(source.replace("RETURNED", returned))
        Path("own.yaml").write_text(TASK.replace("KEY", key))
        code = main([*command.split(), "--plugin", "plugin.py", "--quiet", "--out", "board"])
        return code, capfd.readouterr().err

    return attempt


@pytest.mark.parametrize("command", [RUN, SCORE, ORACLE])
def test_the_kind_of_these_tests_is_without_fault(attempt: Attempt, command: str) -> None:
    assert attempt(command) == (0, "")


@pytest.mark.parametrize(
    ("command", "method", "returned", "words"),
    [
        (RUN, "requests", "None", "returned None: give a dict of mmbench.types.Requests"),
        (RUN, "requests", "{'sample': ['a']}", "give a dict of mmbench.types.Requests"),
        (RUN, "requests", "{'sample': Requests([()], 'text', method='write')}", "1 requests to w"),
        (RUN, "requests", "{'sample': Requests(['a'] * 3, 'text', method='write')}", "'a': give c"),
        (RUN, "requests", "{'sample': Requests([3], 'text')}", "to embed 3: give texts, Media and"),
        (RUN, "requests", "{'sample': Requests(['a'], 'text', method='chat')}", "method 'chat'"),
        (RUN, "values", "None", f"returned None: {LISTED}"),
        (RUN, "values", "['yes']", f"returned 1 values for 3 samples: {LISTED}"),
        (RUN, "values", "'yes'", f"returned 'yes': {LISTED}"),
        (RUN, "values", "['yes', 'yes', object]", "for 2: give a text, a number, a list or a Stru"),
        (RUN, "failures", "['0']", "returned ['0']: give a list of (id, reason)"),
        (RUN, "signature", "None", "returned None: give a text"),
        (RUN, "needs", "Writes", "give a mmbench.protocols.Needs, or None"),
        (RUN, "directions", "''", "returned '': give a list of names, [\"\"] for a single"),
        (SCORE, "accepted", "outputs", "give a list with one value for each sample"),
        (ORACLE, "baseline_values", "['yes'] * 4", f"returned 4 values for 3 samples: {LISTED}"),
    ],
)
def test_a_wrong_return_value_names_the_kind_and_the_method(
    attempt: Attempt, command: str, method: str, returned: str, words: str
) -> None:
    arguments = {"accepted": "data, outputs", "needs": "", "directions": ""}.get(method, "*given")
    code, err = attempt(command, f"def {method}(self, {arguments}): return {returned}")
    assert code == 2
    assert err.startswith(f"mmbench: error: kind own: {method} ")
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"option": "loud: bool"}, "kind own: its option 'loud' has no default: give it one"),
        ({"option": "version: int = 1"}, "kind own: every task has a key 'version': name the opt"),
        ({"option": "loud: object = object()"}, "kind own: a default of its Options cannot stand"),
        ({"option": "loud: list[int] = [1]"}, "mutable collection ([1]) as a default value is uns"),
        ({"body": "Options = dict"}, "kind own: its Options are no subclass of mmbench.types.Kin"),
        ({"body": "dataset = None"}, "kind own: its `dataset` is no class: give the type of its"),
        ({"body": "baselines = ('random',)"}, 'kind own: its `baselines` are no tuple with "orac'),
        ({"body": "baseline = None"}, "kind own: the class lacks baseline: derive it from mmbenc"),
        ({"body": "accepted = PerSample.accepted"}, "kind own: the class lacks accepted: see `A k"),
        (
            {"returned": "samples"},
            "data source own-data returned a list: kind own needs a mmbench.S",
        ),
        ({"returned": "mmbench.Samples(samples * 2)"}, "returned 2 samples with the id '0': each"),
        ({"key": "lowd: true"}, "unknown key of own.yaml 'lowd': did you mean loud?"),
        ({"key": "loud: perhaps"}, "own.yaml: Expected `bool`, got `str` - at `$.loud`"),
    ],
)
def test_a_class_its_options_and_its_data_are_checked_before_a_run(
    attempt: Attempt, given: dict[str, str], words: str
) -> None:
    code, err = attempt(RUN, **given)
    assert (code, words in err, err.count("\n")) == (2, True, 1), err


@pytest.mark.parametrize(
    "body", ["def __init__(self, task): 1 / 0", "def check(self, data): 1 / 0"]
)
def test_an_error_in_a_kind_names_the_kind_and_the_line(attempt: Attempt, body: str) -> None:
    code, err = attempt(RUN, body)
    assert (code, err.count("\n")) == (2, 1)
    assert "kind own: ZeroDivisionError: division by zero (" in err
    assert "plugin.py, line " in err


def test_a_data_type_of_a_plugin_is_named_with_its_module(attempt: Attempt) -> None:
    body = "dataset = type('Pairs', (mmbench.Samples,), {'__module__': 'mine'}, frozen=True)"
    code, err = attempt(RUN, body)
    assert (code, "returned a Samples: kind own needs a mine.Pairs" in err) == (2, True)

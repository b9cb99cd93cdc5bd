"""Mistakes in a plugin's kind: one line that names the kind and the method, exit code 2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mmbench.cli import main
from tests.support.files import write_lines

PLUGIN = """
import mmbench
from mmbench.kinds import PerSample, generated
from mmbench.protocols import Writes
from mmbench.stats import score
from mmbench.types import KindOptions, Message, Requests, Sample, GeneratedText

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

def one_turn(role, parts):
    return {"sample": Requests([(Message(role, parts),)] * 3, "text", method="write")}

@mmbench.register("data", "own-data")
def source(ROOT):
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
        return [GeneratedText("yes") for _ in conversations]
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
LISTED = "return a list with one value per sample, an InvalidContent for a failed sample"
Attempt = Callable[..., tuple[int, str]]


@pytest.fixture
def attempt(plugin_folder: Path, capfd: pytest.CaptureFixture[str]) -> Attempt:
    """Run a command with a kind that has this code: exit code and stderr."""
    rows = [{"id": f"{n}", "prediction": "yes"} for n in range(3)]
    write_lines(plugin_folder / "outputs.jsonl", *rows)

    def attempt(
        command: str,
        body: str = "pass",
        *,
        option: str = "loud: bool = False",
        returned: str = "mmbench.Samples(samples)",
        key: str = "",
        root: str = "root",
    ) -> tuple[int, str]:
        source = PLUGIN.replace("BODY", body).replace("OPTION", option).replace("ROOT", root)
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
        (RUN, "requests", "None", "returned None; return a dict of mmbench.types.Requests"),
        (RUN, "requests", "{'sample': ['a']}", "return a dict of mmbench.types.Requests"),
        (RUN, "requests", "{'sample': Requests([()], 'text', method='write')}", "1 requests to w"),
        (RUN, "requests", "{'sample': Requests(['a'] * 3, 'text', method='write')}", "'a'; use c"),
        (RUN, "requests", "{'sample': Requests([3], 'text')}", "to embed 3; use texts, Media and"),
        (RUN, "requests", "{'sample': Requests(['a'], 'text', method='chat')}", "method 'chat'"),
        (RUN, "requests", "{'sample': Requests(iter(()), 'text')}", "as contents; use a list"),
        (RUN, "requests", "{'sample': Requests([], 'picture')}", "the modality 'picture'; use"),
        (
            RUN,
            "requests",
            "{'sample': Requests([], 'text', role='asks')}",
            "the role 'asks'; use o",
        ),
        (RUN, "requests", "{'sample': Requests([], 'text', options={})}", "the options {}; use an"),
        (RUN, "requests", "{'a': Requests(['b'], 'image')}", "of modality text in requests"),
        (RUN, "requests", "one_turn('user', 'text')", "the parts 'text'; use a tuple of texts,"),
        (
            RUN,
            "requests",
            "one_turn('user', (3,))",
            "the part 3; use texts, Media and InvalidContent",
        ),
        (RUN, "requests", "one_turn('human', ())", "role 'human'; use one of system, user, as"),
        (RUN, "values", "None", f"returned None; {LISTED}"),
        (RUN, "values", "['yes']", f"returned 1 values for 3 samples; {LISTED}"),
        (RUN, "values", "'yes'", f"returned 'yes'; {LISTED}"),
        (RUN, "values", "['yes', 'yes', object]", "for 2; return a text, a number, a list or a"),
        (RUN, "values", "['yes', ['yes'], [object()]]", "for 2; return a text, a number, a list"),
        (RUN, "failures", "['0']", "returned ['0']; return a list of (id, reason)"),
        (RUN, "signature", "None", "returned None; return a str"),
        (RUN, "signature", "'a\\nb'", "returned 'a\\nb'; return a str of one line"),
        (RUN, "needs", "Writes", "return an mmbench.protocols.Needs, or None"),
        (RUN, "directions", "''", "returned ''; return a list of names, [\"\"] for a single"),
        (SCORE, "accepted", "outputs", "return a list with one value per sample"),
        (ORACLE, "baseline_values", "['yes'] * 4", f"returned 4 values for 3 samples; {LISTED}"),
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
        ({"option": "loud: bool"}, "kind own: its option 'loud' has no default; add one"),
        ({"option": "version: int = 1"}, "kind own: its option 'version' has the name of a key"),
        ({"option": "loud: object = object()"}, "kind own: a default of its Options cannot be"),
        ({"option": "loud: list[int] = [1]"}, "mutable collection ([1]) as a default value is uns"),
        ({"body": "Options = dict"}, "kind own: its Options is not a subclass of mmbench.types."),
        (
            {"body": "dataset = None"},
            "kind own: its `dataset` is not a class; give the type of its",
        ),
        ({"body": "baselines = ('random',)"}, 'kind own: its `baselines` must be a tuple with "or'),
        ({"body": "baseline = None"}, "kind own: the class lacks baseline; derive it from mmbenc"),
        ({"body": "accepted = PerSample.accepted"}, "kind own: the class lacks accepted; see `A k"),
        ({"body": "values = PerSample.values"}, "kind own: the class lacks values, which a kind"),
        ({"body": "ability = 'write'"}, "kind own: its `ability` is 'write'; give a protocol of"),
        ({"body": "ability = str"}, "its `ability` is <class 'str'>; give a protocol of mmbench"),
        ({"body": "no_answer = 0"}, "kind own: its `no_answer` is 0; give a string or None"),
        ({"body": "sample_requests = 'sample'"}, "its `sample_requests` are 'sample'; give a tup"),
        ({"body": "sample_requests = ('a',)"}, "names a, but `requests` returned s"),
        ({"option": "loud = False"}, "its option 'loud' has no type; write `loud: TYPE = DEFAULT`"),
        (
            {"option": "settings = {'lowd'}\n    loud: bool = False"},
            "kind own: its `settings` contain 'lowd'; its options are loud",
        ),
        ({"option": "include: str = ''"}, "kind own: its option 'include' has the name of a key"),
        (
            {"option": "loud: bool = 'no'"},
            "does not have the declared type: Expected `bool`, got",
        ),
        (
            {"returned": "samples"},
            "data source own-data returned a list; kind own needs a mmbench.S",
        ),
        ({"returned": "mmbench.Samples(samples * 2)"}, "returned 2 samples with the id '0'; give"),
        ({"returned": "mmbench.Samples([])"}, "own-data returned no samples; check the files"),
        ({"returned": "mmbench.Samples(iter(samples))"}, "samples of the role sample; return a"),
        ({"key": "lowd: true"}, "unknown key of own.yaml 'lowd': did you mean loud?"),
        ({"key": "loud: perhaps"}, "own.yaml: loud must be true or false, not 'perhaps'"),
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
    assert (code, "returned a Samples; kind own needs a mine.Pairs" in err) == (2, True)


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        ("Sample('', {})", "its id is empty; give each sample a unique id"),
        ("Sample('a', ['b'])", "its inputs are not a dict; use {name: content}"),
        ("Sample('a', {'b': b'c'})", "its input 'b' is a bytes; use a str, an mmbench.Media or"),
        ("Sample('a', {1: 'c'})", "the name of its input 1 is not a str"),
        ("Sample('a', {'b': mmbench.Media('picture', 'c')})", "has the modality 'picture'; use"),
        ("Sample('a', {'b': mmbench.Media('image', 3)})", "has the name 3; use a str, such as"),
        (
            "Sample('a', {'b': mmbench.Media('image', '', b'')})",
            "has a bytes as `read`; use a",
        ),
        ("Sample('a', {}, group=3)", "its group is 3; use a str"),
        (
            "Sample('a', {}, tags={'b': 3})",
            "its tags are {'b': 3}; use a dict of strings",
        ),
        ("Sample('a', {}, {'b'})", "its target is a set, which has no order; use a list"),
        ("Sample('a', {}, object())", "its target is a object (Encoding objects of type object"),
        ("Sample('a', {}, mmbench.Media('image', 3))", "its target has the name 3; use a str"),
    ],
)
def test_an_odd_sample_is_shown_with_its_fault(attempt: Attempt, sample: str, words: str) -> None:
    code, err = attempt(RUN, returned=f"mmbench.Samples([{sample}])")
    assert (code, words in err, err.count("\n")) == (2, True, 1), err
    assert err.startswith("mmbench: error: task own: data source own-data returned the sample ")


def test_a_value_may_be_a_number_of_numpy(attempt: Attempt) -> None:
    body = "def values(self, data, responses): return [*__import__('numpy').float32([1, 0, 1])]"
    assert attempt(RUN, body) == (0, "")


@pytest.mark.parametrize(
    ("read", "words"),
    [
        ("generated(responses, 'asked')", "LookupError: no requests called 'asked'; use one of s"),
        (
            "vectors(responses, 'sample')",
            "TypeError: the responses to 'sample' are not vectors; read",
        ),
    ],
)
def test_responses_that_are_not_there_name_the_line(
    attempt: Attempt, read: str, words: str
) -> None:
    body = f"""def values(self, data, responses):
        from mmbench.kinds import vectors
        return {read}"""
    code, err = attempt(RUN, body)
    assert (code, err.count("\n")) == (2, 1)
    assert f"kind own: {words}" in err
    assert "plugin.py, line " in err


def test_fields_of_which_no_sample_has_any(attempt: Attempt) -> None:
    source = "mmbench.Samples([Sample('a', {'texts': 'b'})])"
    code, err = attempt(RUN, returned=source)
    assert (code, err.count("\n")) == (2, 1)
    assert "unknown input in fields of task own 'text': did you mean texts?" in err


def test_a_source_that_needs_a_path_says_so(attempt: Attempt) -> None:
    code, err = attempt(RUN, returned="root.name", root="root: 'Path'")
    assert code == 2
    assert "task own: data source own-data reads files; give --data PATH" in err


def test_baselines_may_be_any_with_an_oracle(attempt: Attempt) -> None:
    attempt(RUN, "baselines = ('oracle', 'hedge')")
    assert main(["selftest", "own.yaml", "--plugin", "plugin.py"]) in (0, 1)

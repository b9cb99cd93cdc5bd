"""Errors in the code of plugins: the message names the plugin, its file and line, exit code 2."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import mmbench
from mmbench.cli import main
from mmbench.errors import UserError
from tests.support.command_line import refusal
from tests.support.files import write_lines

MODEL = """
import os, sys
import mmbench
from mmbench.errors import SampleError
from mmbench.types import GeneratedText

@mmbench.register("model", "mine")
class Mine:
    modalities = frozenset({"text"})

    def __init__(self, folder, *, device, dtype):
        INIT

    def write(self, conversations, options):
        BODY
        return [GeneratedText("yes") for _ in conversations]
"""
Attempt = Callable[..., tuple[int, str, str]]


@pytest.fixture
def attempt(plugin_folder: Path, capfd: pytest.CaptureFixture[str]) -> Attempt:
    """Run a model of a plugin with this code on three questions: exit code, stdout and stderr."""
    rows = [{"id": n, "question": f"{n}?", "answer": "yes"} for n in range(3)]
    write_lines(plugin_folder / "data.jsonl", *rows)

    def attempt(body: str = "pass", *, init: str = "pass", top: str = "") -> tuple[int, str, str]:
        source = MODEL.replace("BODY", body).replace("INIT", init)
        Path("plugin.py").write_text(source + top)
        args = ["run", "--plugin", "plugin.py", "-m", "mine", "-t", "answers", "--json"]
        code = main([*args, "--data", "data.jsonl", "--device", "cpu", "--quiet", "--fresh"])
        shown = capfd.readouterr()
        return code, shown.out, shown.err

    return attempt


@pytest.mark.parametrize(
    ("where", "code", "words"),
    [
        ("body", "raise ValueError('no such\\nlayer')", "ValueError: no such layer"),
        ("body", "sys.exit(0)", "the plugin called sys.exit(0)"),
        ("body", "raise StopIteration", "StopIteration"),
        ("body", "(lambda f: f(f))(lambda f: f(f))", "RecursionError: "),
        ("init", "import no_such_library", "ModuleNotFoundError: No module named 'no_such_lib"),
        ("top", "import no_such_library", "ModuleNotFoundError: No module named 'no_such_lib"),
        ("top", "sys.exit(0)", "the plugin called sys.exit(0)"),
    ],
)
def test_an_error_names_the_plugin_its_file_and_line(
    attempt: Attempt, where: str, code: str, words: str
) -> None:
    exit_code, _, err = attempt(**{where: code})
    lines = [line.strip() for line in [*MODEL.splitlines(), "TOP"]]
    assert exit_code == 2
    owner = "plugin plugin.py" if where == "top" else "model mine"
    assert f"mmbench: error: {owner}: {words}" in err
    assert f"plugin.py, line {lines.index(where.upper()) + 1}, in " in err
    assert "Traceback" not in err
    assert "bug" not in err


def test_the_traceback_is_shown_on_request(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMBENCH_TRACEBACK", "1")
    code, _, err = attempt("1 / 0")
    assert (code, "Traceback" in err) == (2, True)


def test_what_a_plugin_prints_is_no_part_of_the_json(attempt: Attempt) -> None:
    code, out, err = attempt("print('printed'); os.write(1, b'written'); os.system('echo started')")
    assert code == 0
    assert len(json.loads(out)) == 1
    assert all(word in err for word in ("printed", "written", "started"))


def test_a_sample_error_fails_the_samples_that_raise_it(attempt: Attempt) -> None:
    odd = "if '1?' in str(conversations): raise SampleError('an odd question')"
    code, out, _ = attempt(odd)
    record = json.loads(out)[0]
    assert (code, record["failures"]) == (3, [["1", "an odd question"]])
    assert record["scores"]["exact_match"]["n"] == 2


@pytest.mark.parametrize(
    ("answer", "words"),
    [("None", "a NoneType; return a list"), ("(x for x in ())", "a generator; return a list"),
     ("[None] * len(conversations)", "a NoneType; return mmbench.types.GeneratedText"),
     ("['yes'] * len(conversations)", "a str; return mmbench.types.GeneratedText"),
     ("[GeneratedText(None)] * len(conversations)",
      "GeneratedText(text: NoneType, finish: 'stop', tokens: int); return mmbench.types."),
     ("[GeneratedText('yes', 3)] * len(conversations)",
      "GeneratedText(text: str, finish: 3, tokens: int); return mmbench.types.Gene")],
)  # fmt: skip
def test_answers_of_another_type_are_refused(attempt: Attempt, answer: str, words: str) -> None:
    code, _, err = attempt(f"return {answer}")
    assert (code, words in err) == (2, True)


def test_a_partial_of_a_class_is_a_model_and_its_arguments_are_options(attempt: Attempt) -> None:
    part = "class Part(Mine):\n    def __init__(self, folder, *, device, dtype, n): self.n = n\n"
    part += "import functools\n_ = registry._plugins['model'].pop('mine')\n"
    part += "mmbench.register('model', 'mine')(functools.partial(Part, n=3))\n"
    code, out, _ = attempt(top="from mmbench import registry\n" + part)
    assert (code, json.loads(out)[0]["model"]["options"]) == (0, {"n": 3})


@pytest.mark.parametrize("thing", ["lambda folder, *, device, dtype: 3", "3", "dict"])
def test_what_is_no_class_of_a_model_is_refused(attempt: Attempt, thing: str) -> None:
    other = "from mmbench import registry\n_ = registry._plugins['model'].pop('mine')\n"
    code, _, err = attempt(top=f"{other}mmbench.register('model', 'mine')({thing})\n")
    assert (code, "mmbench: error: model mine" in err, "bug" in err) == (2, True, False)


PARTS = {
    "metric": "include: answers\nname: own\nmetrics: [mine]\nheadline: mine\n",
    "data": "include: answers\nname: own\ndata: {source: mine}\n",
    "kind": "include: answers\nname: own\nkind: mine\n",
}


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        (
            "metric",
            "def mine(predictions): return 0.5",
            "metric mine returned a float; return an",
        ),
        ("metric", "def mine(): pass", "metric mine (PLUGIN, line 2): TypeError: mine() takes 0"),
        ("metric", "def mine(predictions): 1 / 0", "metric mine: ZeroDivisionError: division by"),
        (
            "metric",
            "mine = 3",
            "metric mine is an object of type int; register a function or a class",
        ),
        ("data", "def mine(root): return None", "data source mine returned a NoneType"),
        (
            "data",
            "def mine(root): return mmbench.Samples([1])",
            "the sample 1: return an mm",
        ),
        ("data", "def mine(): pass", "data mine (PLUGIN, line 2): TypeError: mine() takes 0"),
        ("data", "def mine(root): raise KeyError('x')", "data mine: KeyError: 'x' (PLUGIN, line 2"),
        ("kind", "class mine: pass", "kind mine: the class lacks directions, needs, check, reque"),
        (
            "kind",
            "def mine(task): return None",
            "kind mine: it is not a class; see `A kind` in docs",
        ),
        ("kinds", "def mine(): pass", "mmbench.register: unknown kind 'kinds'; give one of mod"),
        (
            "task",
            "mine = 3",
            "task mine is an object of type int; register the path of its YAML file",
        ),
    ],
)
def test_a_part_that_does_not_fit_is_named(
    attempt: Attempt, capfd: pytest.CaptureFixture[str], kind: str, code: str, words: str
) -> None:
    task = PARTS.get(kind, PARTS["metric"])
    Path("own.yaml").write_text(task)
    Path("part.py").write_text(
        f"import mmbench\n{code}\nmmbench.register('{kind}', 'mine')(mine)\n"
    )
    args = ["run", "--plugin", "part.py", "-m", "constant", "-t", "own.yaml", "--quiet"]
    given = [] if kind == "data" else ["--data", "data.jsonl"]
    shown = refusal(capfd, *args, *given)
    assert words.replace("PLUGIN", str(Path("part.py").resolve())) in shown
    assert shown.count("\n") == 1


def test_a_model_that_is_neither_a_name_nor_has_an_ability_is_refused() -> None:
    with pytest.raises(UserError, match="the model is a dict, without any of the methods embed, "):
        mmbench.evaluate({}, "answers")

"""`~` in flags, in task files and in variables of the environment."""

import argparse

import pytest

from mmbench.cli import main
from mmbench.cli.parser import make_parser
from mmbench.cli.parser.arguments import expand_home
from mmbench.cli.parser.options import data_for
from mmbench.datasets import RetrievalData
from mmbench.engine.loading.data.datasets import load_data
from mmbench.spec import load_task
from tests.support.files import write_file
from tests.support.layouts.coco import captions_json, touch


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def _flags(parser):
    """Yield the flags of all commands that take a path."""
    commands = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    for name, command in commands.choices.items():
        for action in command._actions:
            if str(action.metavar) in ("DIR", "FILE", "FILE.py", "PATH", "[TASK=]PATH", "RUN"):
                yield name, action


@pytest.mark.parametrize(("command", "action"), list(_flags(make_parser())))
def test_every_flag_with_a_path_expands_it(home, command, action):
    one = action.type("~/x") if action.type else "~/x"
    listed = [one] if isinstance(action.default, list) or action.nargs else one
    args = argparse.Namespace(**{action.dest: listed})
    expand_home(args)
    found = getattr(args, action.dest)
    assert str(found[0] if isinstance(found, list) else found) == str(home / "x")


def test_data_of_a_task_by_its_name_or_its_file(home):
    assert data_for("a", ["a=~/coco"], ["a"]) == home / "coco"
    assert data_for("t/a.yaml", ["a=~/coco"], ["t/a.yaml"]) == home / "coco"
    assert data_for("t/a.yaml", ["t/a.yaml=~/coco"], ["t/a.yaml"]) == home / "coco"


def test_a_user_that_nobody_has_stays(home):
    assert str(data_for("a", ["~nobody-has-this/x"], ["a"])) == "~nobody-has-this/x"


def corpus_size(task):
    data = load_data(load_task(task), None)
    assert isinstance(data, RetrievalData)
    return len(data.corpus)


def test_paths_of_a_task_file_and_of_the_environment(home, monkeypatch):
    touch(home / "coco", "7.jpg", "12.jpg")
    write_file(home / "coco/captions_val2014.json", captions_json())
    base = "include: coco-retrieval\ndata: {source: coco, folder: "
    inside = write_file(home / "inside.yaml", f"{base}~/coco}}\n")
    below = write_file(home / "below.yaml", f"{base}coco}}\n")
    assert corpus_size("~/inside.yaml") == 2
    monkeypatch.setenv("MMBENCH_DATA", "~")
    assert corpus_size(str(below)) == 2
    assert load_task("inside", ["~"]) == load_task(str(inside))


def test_score_takes_the_data_of_its_task(home, capsys):
    write_file(home / "ref.jsonl", '{"id": 1, "answer": "dog"}\n')
    out = write_file(home / "out.jsonl", '{"id": 1, "value": "dog"}\n')
    flags = ["--data", "answers=~/ref.jsonl", "--predictions", str(out), "--out=~/board", "--quiet"]
    assert main(["score", "-t", "answers", *flags]) == 0
    assert (home / "board/answers.md").is_file()

"""The command that repeats a run: what the record knows, quoted, and what it does not know."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from mmbench.cli import main
from mmbench.cli.parser import make_parser
from mmbench.cli.parser.options import model_options
from mmbench.reports.command import repeat_command
from mmbench.storage.run_lookup import find_run
from mmbench.types import ModelInfo, RunRecord
from tests.support.boards import model_info, record, task_info
from tests.support.files import write_lines


def made(model: ModelInfo, **changes: Any) -> RunRecord:
    task = task_info(**changes.pop("task", {}))
    return record(model=model, task=task, **changes)


def test_a_run_is_repeated_with_the_options_of_its_record() -> None:
    model = model_info(
        "clip",
        checkpoint="openai/clip vit",
        revision="abc123",
        adapter="clip@1",
        options={"width": 64, "system": "be 'brief'", "thinking": True, "frames": None},
        dtype="bfloat16",
    )
    task = {
        "data": {"corpus": 10, "query": 50},
        "protocol": {"corpus": 100, "query": 500},
        "max_tokens": 32,
        "asked": "index=HNSW32,frames=by-index",
    }
    one = made(model, task=task, seed=7, cost={"price": [0.15, 0.6]})
    words = shlex.split(repeat_command(one).text)
    args = vars(make_parser().parse_args(words[1:]))
    expected = {
        "model": ["clip@openai/clip vit#abc123"],
        "task": ["t"],
        "dtype": "bfloat16",
        "limit": 10,
        "max_tokens": 32,
        "index": ["HNSW32"],
        "seed": 7,
        "price": (0.15, 0.6),
    }
    assert {name: args[name] for name in expected} == expected
    assert model_options(args["model_arg"]) == model.options
    assert any("--limit is inferred" in sentence for sentence in repeat_command(one).missing)


TEXTS = [
    "",
    " ",
    "true",
    "8",
    "1e5",
    "null",
    "a: b",
    "[x",
    "# no",
    "it's",
    "- x",
    "...",
    "x " * 200,
]
OTHERS = ["...", "é\u2028\n x  y", 8, 1e-5, 0.5, True, None, ["a", "b c"], {"a": {"b": 1}}]


@pytest.mark.parametrize("value", [*TEXTS, *OTHERS])
def test_an_option_keeps_its_value_and_type(value: object) -> None:
    command = repeat_command(made(model_info("clip", adapter="clip@1", options={"x": value})))
    words = shlex.split(command.text)
    (read,) = model_options([words[words.index("--model-arg") + 1]]).values()
    assert (read, type(read)) == (value, type(value))


def test_scored_outputs_are_scored_again() -> None:
    one = made(model_info("my outputs", adapter="outputs", dtype="none"))
    command = repeat_command(one)
    assert command.text == "mmbench score -t t --predictions FILE --name 'my outputs'"
    assert command.missing[0].startswith("FILE is the file of outputs")


def test_what_the_record_does_not_know_is_said() -> None:
    def missing(name: str, **changes: Any) -> str:
        one = made(model_info(name, **changes), environment={"endpoint": "example.org"})
        return " ".join(repeat_command(one).missing)

    assert "--data PATH" in missing("clip", adapter="clip@1")
    assert "comes from a plugin" in missing("mine", adapter="mine@0")
    assert "comes from a plugin" not in missing("frames+clip", adapter="frames+clip@1")
    assert "pair.yaml is the model file" in missing("pair", adapter="late")
    assert "endpoint at example.org" in missing("api", adapter="api@1", dtype="remote")
    rescored = made(model_info("clip", adapter="clip@1"), notes=["rescored from r0"])
    assert "mmbench rescore" in " ".join(repeat_command(rescored).missing)


def test_a_packaged_run_is_repeated_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", "-m", "llava-nano", "-t", "shapes-vqa", "--limit", "6", "--seed", "3"]) == 0
    first = find_run("latest").record
    words = shlex.split(repeat_command(first).text)
    assert main(words[1:]) == 0
    second = find_run("latest").record
    assert second.run != first.run
    assert (second.model, second.task, second.scores, second.seed) == (
        first.model, first.task, first.scores, first.seed,
    )  # fmt: skip
    assert "not packaged" not in " ".join(repeat_command(first).missing)


def test_scores_of_a_file_are_repeated_with_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "data.jsonl", [{"id": "a", "text": "one"}, {"id": "b", "text": "two"}])
    texts = {"a": "one", "b": "two"}
    write_lines(Path("data.jsonl"), *({"id": i, "text": text} for i, text in texts.items()))
    write_lines(Path("out.jsonl"), *({"id": i, "prediction": "one"} for i in texts))
    given = ["score", "-t", "transcripts", "--data", "data.jsonl", "--predictions", "out.jsonl"]
    assert main(given) == 0
    words = shlex.split(repeat_command(find_run("latest").record).text)
    words[words.index("FILE")] = "out.jsonl"
    assert main([*words[1:], "--data", "data.jsonl"]) == 0
    first, second = (find_run(run).record for run in ("latest", "out"))
    assert first.scores == second.scores

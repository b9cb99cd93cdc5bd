"""Flags and model options that do not exist: the message says what to type in place of them."""

from __future__ import annotations

import pytest

from mmbench.cli import main
from tests.support.command_line import refusal

GENERAL = "options of a model are given as --model-arg NAME=VALUE"


def said(
    capsys: pytest.CaptureFixture[str], *flags: str, model: str = "llava@x", command: str = "run"
) -> str:
    with pytest.raises(SystemExit) as caught:
        main([command, "-m", model, "-t", "shapes-vqa", *flags])
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize("command", ["run", "check", "verify"])
@pytest.mark.parametrize(
    ("flags", "advice"),
    [
        (["--temperature", "0.7"], "for --temperature use --model-arg temperature=0.7;"),
        (["--top-p=0.9"], "for --top-p use --model-arg top_p=0.9;"),
        (["--lora"], "for --lora use --model-arg lora=VALUE;"),
        (["--thinking-budget", "9"], "use --model-arg thinking_budget=9;"),
        (["--system-prompt", "x"], "for --system-prompt use --model-arg system=TEXT;"),
        (["--num-fewshot", "5"], "for --num-fewshot use `few_shot: N` in a task file;"),
        (["--max-new-tokens", "5"], "for --max-new-tokens use --max-tokens N;"),
        (["--limt", "5"], "for --limt use --limit;"),
        (["--temprature", "1"], "for --temprature use --model-arg temperature=1;"),
        (["--qqq", "1"], f"unrecognized arguments: --qqq 1; {GENERAL};"),
        (["stray"], f"unrecognized arguments: stray; {GENERAL};"),
    ],
)
def test_an_unknown_flag(
    capsys: pytest.CaptureFixture[str], command: str, flags: list[str], advice: str
) -> None:
    assert advice in said(capsys, *flags, command=command)


def test_an_option_that_the_model_lacks_is_not_suggested(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert GENERAL in said(capsys, "--system-prompt", "x", model="clip@x")
    assert GENERAL in said(capsys, "--system-prompt", "x", model="no-such-model@x")


def test_a_command_without_a_model_has_no_advice_on_models(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["list", "--temperature", "1"])
    assert "--model-arg" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "advice"),
    [
        ("max_new_tokens=9", "use --max-tokens N"),
        ("max_tokens=9", "use --max-tokens N"),
        ("dtype=bfloat16", "use --dtype NAME"),
        ("system_prompt=x", "use --model-arg system=TEXT"),
        ("enable_thinking=false", "'chat_template_kwargs={enable_thinking: false}'"),
    ],
)
def test_a_model_option_of_another_program(
    capsys: pytest.CaptureFixture[str], option: str, advice: str
) -> None:
    flags = ["-m", "llava@x", "-t", "shapes-vqa", "--model-arg", option]
    printed = refusal(capsys, "run", *flags)
    assert f"unknown option of model llava '{option.partition('=')[0]}'; use " in printed
    assert advice in printed


def test_a_model_option_that_the_model_lacks_is_not_suggested(
    capsys: pytest.CaptureFixture[str],
) -> None:
    flags = ["-m", "clip-nano", "-t", "shapes-retrieval", "--model-arg", "system_prompt=x"]
    assert "use --model-arg" not in refusal(capsys, "run", *flags)

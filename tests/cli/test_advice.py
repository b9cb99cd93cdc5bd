"""What an error advises: only what was not given, in words that fit the command and the flag."""

import pytest

from mmbench.cli import main
from tests.support.command_line import refusal
from tests.support.files import write_file

MISSING = "add the missing arguments"


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)


def test_data_that_were_given_are_not_asked_for(capsys, tmp_path):
    write_file(tmp_path / "empty/notes.md", "nothing")
    text = refusal(
        capsys, "check", "-t", "flickr8k-retrieval", "-m", "clip-nano", "--data", "empty"
    )
    assert MISSING not in text
    assert "looked for dataset_coco.json" in text


def test_a_checkpoint_that_was_given_is_not_asked_for(capsys):
    text = refusal(capsys, "check", "-t", "shapes-retrieval", "-m", "clip@./nowhere")
    assert MISSING not in text


@pytest.mark.parametrize("command", ["check", "verify", "run"])
def test_what_was_not_given_is_asked_for_by_its_flags_alone(capsys, command):
    flags = ["-t", "flickr8k-retrieval", "-m", "clip-nano"]
    text = refusal(capsys, command, *flags)
    assert f"{MISSING}: --data PATH\n" in text
    assert "mmbench run" not in text


def test_a_model_that_embeds_is_led_to_its_kind(capsys, tmp_path):
    write_file(tmp_path / "x.csv", "id,label,image\n1,a,a.png\n")
    text = refusal(capsys, "check", "-t", "labels", "-m", "clip-nano", "--data", "x.csv")
    assert "`kind: zero_shot`" in text
    assert "a plugin" not in text


def test_models_for_one_of_several_media_are_named(capsys, tmp_path):
    write_file(tmp_path / "x.csv", "id,label,image\n1,a,a.png\n")
    text = refusal(capsys, "check", "-t", "labels", "-m", "whisper", "--data", "x.csv")
    assert "image, video" in text
    assert "zero_shot" not in text


def test_an_unknown_kind_names_its_task(capsys, tmp_path):
    write_file(tmp_path / "mine.yaml", "include: labels\nname: mine\nkind: zero-shot\n")
    text = refusal(capsys, "check", "-t", "mine.yaml")
    assert "kind of task mine 'zero-shot': did you mean zero_shot?" in text


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("frames+./tests", "write frames+NAME@./tests"),
        ("@x", "empty model name; write NAME[@CHECKPOINT]"),
        ("frames+", "empty model name; write frames+NAME[@CHECKPOINT]"),
    ],
)
def test_a_model_without_its_adapter_is_named_as_it_is_typed(capsys, model, says):
    assert main(["run", "-m", model, "-t", "shapes-vqa"]) == 2
    assert says in capsys.readouterr().err

"""A LoRA counts by its content: the same bytes are the same model, wherever they are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import transformers as tf

from mmbench.cli import main
from tests.support.checkpoints import contrastive
from tests.support.checkpoints.lora import lora
from tests.support.command_line import refusal, run_record

TASK = ("-t", "shapes-retrieval", "--limit", "4", "--device", "cpu", "--quiet")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the checkpoint `base`, and the LoRA `first` of it."""
    root = tmp_path_factory.mktemp("trained")
    base = contrastive.build("clip", root / "base")
    lora(root / "first", tf.AutoModel.from_pretrained(base))
    return root


@pytest.fixture
def here(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capture: Any, adapter: str | None, model: str = "clip@base") -> dict[str, Any]:
    options = ["--model-arg", f"lora={adapter}"] if adapter else []
    return run_record(capture, "run", "-m", model, *options, *TASK)


def test_equal_adapters_are_one_model_and_others_are_not(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = run(capsys, "first")
    assert first["model"]["options"] == {"lora": "first"}
    assert first["counts"]["computed"] == 24
    shutil.copytree(here / "first", here / "second")
    (here / "second" / "README.md").write_text("documents do not count")
    (here / "second" / "checkpoint-5").mkdir()
    shutil.copy(here / "first" / "adapter_config.json", here / "second" / "checkpoint-5")
    second = run(capsys, "second")
    assert second["model"]["options"] == {"lora": "second"}
    assert second["model"]["hash"] == first["model"]["hash"]
    assert (second["counts"]["computed"], second["counts"]["cached"]) == (0, 24)
    assert {k: v["value"] for k, v in second["scores"].items()} == {
        k: v["value"] for k, v in first["scores"].items()
    }
    lora(here / "second", tf.AutoModel.from_pretrained(here / "base"), seed=2)
    config = json.loads((here / "first" / "adapter_config.json").read_text())
    (here / "first" / "adapter_config.json").write_text(json.dumps(config | {"lora_alpha": 2}))
    hashes = {
        record["model"]["hash"]
        for record in (first, run(capsys, "second"), run(capsys, "first"), run(capsys, None))
    }
    assert len(hashes) == 4


def test_an_adapter_of_another_base_is_noted(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "first")["notes"] == run(capsys, None)["notes"]
    config = here / "first" / "adapter_config.json"
    settings = json.loads(config.read_text())
    config.write_text(json.dumps(settings | {"base_model_name_or_path": "owner/other-clip"}))
    note = "the LoRA first was trained on owner/other-clip, and is applied to base"
    assert note in run(capsys, "first")["notes"]
    main(["check", "-m", "clip@base", "--model-arg", "lora=first", *TASK[:-1]])
    assert f"note: {note}" in capsys.readouterr().out


def test_a_lora_that_is_not_there_is_refused_before_weights_are_read(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "base" / "model.safetensors").write_bytes(b"not read")
    message = refusal(capsys, "run", "-m", "clip@base", "--model-arg", "lora=frist", *TASK)
    assert "model clip: option lora: there is no file or folder frist" in message
    assert message.count("\n") == 1
    message = refusal(capsys, "run", "-m", "clip@base", "--model-arg", "lora=base", *TASK)
    assert "is a whole checkpoint" in message


def test_frames_of_videos_go_through_the_lora(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["-t", "shapes-video-retrieval", "--limit", "2", "--device", "cpu", "--quiet"]
    records = [
        run_record(capsys, "run", "-m", "frames+clip@base", *options, *flags)
        for options in ([], ["--model-arg", "lora=first"])
    ]
    assert records[0]["model"]["hash"] != records[1]["model"]["hash"]
    assert records[1]["model"]["options"] == {"lora": "first", "frames": 8}

"""Checkpoint folders with damaged files: one line that names the folder, whatever the damage."""

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from mmbench.engine.loading.models.resolver import ModelResolver, find
from mmbench.errors import MmbenchError
from mmbench.storage.content_keys import ContentKeys, cache_folder
from tests.support.checkpoints import chat, classifiers, contrastive, speech_recognition
from tests.support.checkpoints.parts import NAMES

MAKERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "clip": ("clip", contrastive.clip),
    "siglip2": ("clip", contrastive.siglip2),
    "vit": ("image", classifiers.image),
    "ast": ("audio", classifiers.audio),
    "videomae": ("video", classifiers.video),
    "clap": ("clap", contrastive.clap),
    "xclip": ("xclip", contrastive.xclip),
    "llava": ("llava", chat.llava),
    "qwen2-audio": ("audio-llm", chat.qwen2_audio),
    "ctc": ("ctc", speech_recognition.ctc),
    "whisper": ("whisper", speech_recognition.whisper),
}
if find_spec("open_clip") and find_spec("timm"):  # in the environment with torchvision
    from tests.support.checkpoints import openclip, timm_models

    MAKERS["openclip"] = "openclip", lambda path: openclip.folder(path, openclip.siglip())
    MAKERS["timm"] = "timm", lambda path: timm_models.folder(path, label_names=NAMES)
TEXTS = {
    "empty": "",
    "list": "[1, 2]",
    "torn": '{"model_type": "cl',
    "deep": "[" * 5000,
    "number": "3",
    "nothing": "{}",
}


def ragged(value: Any, seed: int) -> Any:
    """A configuration in which some values are of another type."""
    others = (None, "x", -1, [], {"a": {"b": [1]}}, 1e30)
    if isinstance(value, dict):
        return {
            key: others[(seed + n) % len(others)] if (seed + n) % 3 == 0 else ragged(part, seed + n)
            for n, (key, part) in enumerate(value.items())
        }
    return value


def damages(folder: Path) -> dict[str, Callable[[], object]]:
    """Name → what damages the folder."""
    made: dict[str, Callable[[], object]] = {}
    for file in sorted(folder.glob("*.json")):
        text = file.read_text(encoding="utf-8")
        for name, other in TEXTS.items():
            made[f"{file.name} {name}"] = lambda f=file, t=other: f.write_text(t)
        for seed in range(3):
            other = json.dumps(ragged(json.loads(text), seed))
            made[f"{file.name} ragged {seed}"] = lambda f=file, t=other: f.write_text(t)
        made[f"{file.name} gone"] = file.unlink
        changed = json.dumps({**json.loads(text), "model_type": "no-such", "tokenizer_class": "No"})
        made[f"{file.name} unknown type"] = lambda f=file, t=changed: f.write_text(t)
    for file in folder.glob("*.safetensors"):
        raw = file.read_bytes()
        made["weights cut"] = lambda f=file, r=raw: f.write_bytes(r[: len(r) // 2])
        made["header cut"] = lambda f=file, r=raw: f.write_bytes(r[:6])
        made["header long"] = lambda f=file, r=raw: f.write_bytes(b"\xff" * 8 + r[8:])
    return made


def load(adapter: str, folder: Path) -> str:
    """Load a model as a run does; return the message, empty where it could be loaded."""
    with ContentKeys(cache_folder()) as keys:
        try:
            find(f"{adapter}@{folder}", ModelResolver(keys), {}).load("cpu")
        except MmbenchError as error:
            return str(error)
    return ""


def faults(maker: str, folder: Path, wanted: Callable[[str], bool]) -> list[str]:
    """Damages that end otherwise than in one line that names the folder, or a model."""
    adapter, make = MAKERS[maker]
    make(folder)
    whole = {file: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    bad = []
    for name, damage in damages(folder).items():
        if not wanted(name):
            continue
        damage()
        try:
            message = load(adapter, folder)
            good = not message or (str(folder) in message and "\n" not in message)
            bad += [] if good else [f"{name}: {message}"]
        except Exception as error:
            bad.append(f"{name}: {type(error).__name__}: {error}")
        for file, raw in whole.items():
            file.write_bytes(raw)
    assert load(adapter, folder) == ""
    return bad


def test_a_damaged_clip_is_refused_in_one_line(tmp_path: Path) -> None:
    some = ("config.json list", "config.json ragged 1", "config.json unknown type", "header cut")
    assert faults("clip", tmp_path / "folder", lambda name: name in some) == []


@pytest.mark.slow
@pytest.mark.parametrize("maker", MAKERS)
def test_any_damage_of_any_checkpoint_is_one_line(tmp_path: Path, maker: str) -> None:
    assert faults(maker, tmp_path / "folder", lambda name: True) == []

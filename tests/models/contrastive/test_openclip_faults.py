"""One-line errors of openclip about checkpoints, with the command to type."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

if find_spec("open_clip") is None:
    pytest.skip("needs open_clip: see `make test-torchvision`", allow_module_level=True)

import open_clip

from mmbench.engine.loading.models.patterns import expand
from mmbench.engine.loading.models.resolver import Model, ModelResolver, check_name, find
from mmbench.errors import ModelError, UnknownName, UserError
from mmbench.models.contrastive.openclip.adapter import OpenClip
from mmbench.storage.content_keys import ContentKeys, cache_folder
from tests.checkpoints.test_damaged import faults
from tests.support.checkpoints import contrastive, openclip
from tests.support.command_line import refusal, run_record
from tests.support.errors import one_line_error
from tests.support.paths import ROOT
from tests.support.servers.model_hub import REPOSITORIES, SHA, serving

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = {"device": "cpu", "dtype": "float32"}
WEIGHTS = "open_clip_model.safetensors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return openclip.folder(tmp_path / "vit", openclip.VIT)


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    return openclip.architecture(tmp_path, "ViT-tiny-8")


def refused(checkpoint: Path | None, match: str, **options: Any) -> str:
    with one_line_error(UserError, match=match) as caught:
        OpenClip(checkpoint, **CPU, **options)
    return str(caught.value)


def resolved(name: str, **options: object) -> Model:
    with ContentKeys(cache_folder()) as keys:
        return find(name, ModelResolver(keys), dict(options))


def test_parts_that_a_folder_lacks(folder: Path) -> None:
    weights = folder / WEIGHTS
    weights.rename(folder / "best.pt")
    refused(
        folder,
        r"no weights \(looked for open_clip_model\.safetensors, .*; found best\.pt\); type"
        rf" openclip@{folder}/best\.pt$",
    )
    (folder / "best.pt").unlink()
    refused(folder, r"no weights \(looked for .*model\.pth\)$")
    (folder / "open_clip_config.json").unlink()
    refused(folder, "is a folder without open_clip_config.json; type 'openclip:ARCHITECTURE@")
    refused(None, "needs a checkpoint; type openclip@FOLDER or openclip:ARCHITECTURE@FILE")


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"model_cfg": {"vision_cfg": 3}}', "[" * 5000])
def test_a_torn_configuration(folder: Path, text: str) -> None:
    (folder / "open_clip_config.json").write_text(text)
    refused(folder, r"open_clip_config\.json is not a configuration of open_clip: ")


def test_a_configuration_that_open_clip_refuses(folder: Path) -> None:
    openclip.described(folder, {**openclip.VIT, "no_such_key": 1}, {})
    refused(folder, "cannot load its model of open_clip: TypeError: .*no_such_key")
    openclip.described(folder, openclip.VIT, {"interpolation": "nearest"})
    refused(folder, "cannot load its model of open_clip")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda state: state.pop("text_projection"), "it lacks text_projection"),
        (lambda state: [state.pop(name) for name in list(state)[:9]], "it lacks .* and 6 more"),
        (lambda state: state.update(extra=torch.ones(1)), "it also has extra"),
        (
            lambda state: state.update(text_projection=torch.ones(3, 3)),
            "it has in another shape text_projection",
        ),
    ],
    ids=["missing", "many missing", "unexpected", "misshapen"],
)
def test_weights_that_do_not_fit(
    folder: Path, tiny: str, tmp_path: Path, change: Callable[[dict[str, Any]], object], match: str
) -> None:
    state = openclip.randomised(tiny).state_dict()
    change(state)
    file = openclip.weights(tmp_path / "epoch_3.pt", state)
    advice = r"; give the architecture of the training run \(`--model` of open_clip\)$"
    refused(file, f"does not fit the architecture {tiny}: {match}{advice}", architecture=tiny)
    openclip.weights(folder / WEIGHTS, state)
    refused(folder, rf"does not fit open_clip_config\.json: {match}$")


@pytest.mark.parametrize(
    ("config", "change"),
    [
        (openclip.VIT, {"image_size": 48}),
        (openclip.VIT, {"context_length": 16}),
        (openclip.VIT, {"context_length": 30, "image_size": 16}),
        (openclip.COCA, {"image_size": 64}),
        (openclip.TIMM_VIT, {"image_size": 64}),
        (openclip.siglip(), {"image_size": 24}),
    ],
)
def test_position_embeddings_of_another_size_name_the_option(
    tmp_path: Path, config: dict[str, Any], change: dict[str, int]
) -> None:
    folder = openclip.folder(tmp_path / "model", config)
    forced = {f"force_{name}": value for name, value in change.items()}
    state = openclip.randomised(f"local-dir:{folder}", **forced).state_dict()
    file = openclip.weights(folder / "epoch_3.pt", state)
    options = " ".join(f"--model-arg {name}={value}" for name, value in sorted(change.items()))
    refused(file, f"it has in another shape .*; type {options}$")
    OpenClip(file, **CPU, **change)


def test_a_file_without_an_architecture(folder: Path, tmp_path: Path, tiny: str) -> None:
    file = openclip.weights(tmp_path / "a.pt", openclip.randomised(tiny).state_dict())
    refused(file, r"type openclip:ARCHITECTURE@.*a\.pt, such as openclip:ViT-B-32@.*a\.pt$")
    replaced = r"a folder with open_clip_config\.json, which replaces the architecture; type"
    refused(folder, f"{replaced} openclip@{folder}, or openclip:x@FILE$", architecture="x")
    with pytest.raises(UnknownName, match=r"did you mean ViT-B-32.*the path of its JSON file"):
        OpenClip(file, **CPU, architecture="ViT-B-23")


def test_a_json_file_of_an_architecture(tmp_path: Path, tiny: str) -> None:
    file = openclip.weights(tmp_path / "a.pt", openclip.randomised(tiny).state_dict())
    missing = str(tmp_path / "no.json")
    refused(file, rf"architecture {missing}: there is no such file; check", architecture=missing)
    (tmp_path / "odd.json").write_text('{"embed_dim": 16}')
    odd = str(tmp_path / "odd.json")
    refused(file, rf"{odd} is not a configuration of open_clip: .*vision_cfg", architecture=odd)


@pytest.mark.parametrize("place", ["", "checkpoints"])
def test_a_folder_of_weights_files_names_the_pattern(
    tmp_path: Path, tiny: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("runs/x", place)
    Path("runs/x/checkpoints").mkdir(parents=True)
    state = openclip.randomised(tiny).state_dict()
    for number in (1, 2):
        openclip.weights(Path(f"runs/x/checkpoints/epoch_{number}.pt"), state, epoch=number)
    pattern = "runs/x/checkpoints/*"
    for name, advised in (("", "ARCHITECTURE"), (f":{tiny}", tiny)):
        with one_line_error(ModelError) as caught:
            resolved(f"openclip{name}@{folder}")
        assert str(caught.value).endswith(f"; type 'openclip:{advised}@{pattern}'")
    models = expand([f"openclip:{tiny}@{pattern}"]).models
    assert models == [f"openclip:{tiny}@runs/x/checkpoints/epoch_{n}.pt" for n in (1, 2)]
    assert all(resolved(model).info.checkpoint for model in models)


@pytest.mark.parametrize("place", ["epoch_2", "./epoch_2", "a/b/epoch_2"])
def test_a_missing_suffix_is_suggested(
    tmp_path: Path, tiny: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a/b").mkdir(parents=True)
    openclip.weights(Path(f"{place}.pt"), openclip.randomised(tiny).state_dict())
    for name in ("openclip", f"openclip:{tiny}"):
        with one_line_error(ModelError) as caught:
            resolved(f"{name}@{place}")
        assert str(caught.value) == (
            f"model openclip: checkpoint {Path(place)} does not exist; did you mean"
            f" {Path(place)}.pt?"
        )


def test_a_configuration_next_to_a_file_belongs_to_its_identity(
    folder: Path, tiny: str, tmp_path: Path
) -> None:
    file = openclip.weights(folder / "epoch_3.pt", openclip.randomised(tiny).state_dict())
    before = resolved(f"openclip@{file}").info.hash
    named = resolved(f"openclip:{tiny}@{file}").info.hash
    assert before != named
    openclip.described(folder, {**openclip.VIT, "quick_gelu": True}, {})
    assert resolved(f"openclip@{file}").info.hash != before
    assert resolved(f"openclip:{tiny}@{file}").info.hash == named
    architecture = tmp_path / "mine.json"
    hashes = set()
    for quick_gelu in (True, False):
        architecture.write_text(json.dumps({**openclip.VIT, "quick_gelu": quick_gelu}))
        hashes.add(resolved(f"openclip:{architecture}@{file}").info.hash)
    assert len(hashes) == 2


def test_a_tokenizer_of_the_hub_without_a_network(tmp_path: Path) -> None:
    """The tokenizer is read from the cache; if it is not there, the error comes in seconds."""
    folder = openclip.folder(tmp_path / "siglip", openclip.siglip())
    (tmp_path / "mine.json").write_text(json.dumps(openclip.siglip()))
    model = f"openclip:{tmp_path / 'mine.json'}@{folder / WEIGHTS}"
    command = [sys.executable, "-m", "mmbench", "check", "-m", model, "-t", "shapes-zeroshot"]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    offline = {**kept, "HF_HOME": str(tmp_path / "hf"), "HF_ENDPOINT": "http://127.0.0.1:9"}
    done = subprocess.run(command, env=offline, cwd=ROOT, capture_output=True, text=True)
    name = "owner/of-the-hub"
    assert f"the tokenizer {name} is not in the cache, and http://127.0.0.1:9" in done.stderr
    assert done.stderr.rstrip().endswith(f"then type `hf download {name}`")
    snapshot = tmp_path / "hf" / "hub" / "models--owner--of-the-hub" / "snapshots" / SHA
    snapshot.mkdir(parents=True)
    (snapshot.parent.parent / "refs").mkdir()
    (snapshot.parent.parent / "refs" / "main").write_text(SHA)
    for file in folder.glob("*token*"):
        shutil.copy(file, snapshot)
    done = subprocess.run(command, env=offline, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("holds only weights; from the architecture") == 1


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ({"epoch": 3, "optimizer": {}}, r"holds no weights .*; found the keys epoch, optimizer\)$"),
        ([1, 2], r"holds no weights .*; found a list\)$"),
        ({}, r"holds no weights .*; found nothing\)$"),
    ],
)
def test_a_file_of_other_content(tmp_path: Path, tiny: str, content: Any, match: str) -> None:
    torch.save(content, tmp_path / "a.pt")
    refused(tmp_path / "a.pt", match, architecture=tiny)


def test_a_torchscript_archive_and_code_are_refused(tmp_path: Path, tiny: str) -> None:
    file = tmp_path / "ViT-B-32.pt"
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), file)
    advice = r"is a TorchScript archive; save its weights with torch\.save\(torch\.jit\.load\("
    refused(file, advice, architecture=tiny)
    ran = tmp_path / "ran"

    class Code:
        def __reduce__(self) -> Any:
            return Path.touch, (ran,)

    file.write_bytes(pickle.dumps({"state_dict": Code()}))
    refused(file, "contain objects other than tensors, which could run code", architecture=tiny)
    torch.save({"state_dict": Code()}, file)
    refused(file, "contain objects other than tensors, which could run code", architecture=tiny)
    assert not ran.exists()
    file.write_bytes(b"torn")
    refused(file, "cannot load its weights", architecture=tiny)


def test_weights_of_openai_need_quickgelu(tmp_path: Path, tiny: str) -> None:
    state = openclip.randomised(tiny).state_dict()
    settings = {"input_resolution": 32, "context_length": 24, "vocab_size": openclip.VOCABULARY}
    state |= {name: torch.tensor(value) for name, value in settings.items()}
    file = openclip.weights(tmp_path / "openai.pt", state)
    message = refused(file, "OpenAI weights, which need QuickGELU; type", architecture=tiny)
    assert message.endswith("; type --model-arg quick_gelu=true")
    OpenClip(file, **CPU, architecture=tiny, quick_gelu=True)


def test_a_tokenizer_that_a_folder_lacks(tmp_path: Path) -> None:
    folder = openclip.folder(tmp_path / "siglip", openclip.siglip())
    for file in folder.glob("tokenizer*"):
        file.unlink()
    refused(
        folder, "cannot load its tokenizer: .*; copy the files of the tokenizer owner/of-the-hub"
    )


def test_code_that_a_configuration_names_is_not_run(tmp_path: Path) -> None:
    """transformers would ask at the terminal whether to run it."""
    folder = openclip.folder(tmp_path / "siglip", openclip.siglip())
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    file = folder / "tokenizer_config.json"
    config = json.loads(file.read_text())
    config |= {"auto_map": {"AutoTokenizer": ["evil.Evil", None]}, "tokenizer_class": "Evil"}
    file.write_text(json.dumps(config))
    kwargs = {"clean": "canonicalize", "trust_remote_code": True}
    changed = openclip.siglip()
    changed["text_cfg"]["tokenizer_kwargs"] = kwargs
    openclip.described(folder, changed, {})
    refused(folder, "cannot load its tokenizer")
    assert not (tmp_path / "ran").exists()


def test_damaged_files_are_refused_in_one_line(tmp_path: Path) -> None:
    wanted = ("ragged 1", "tokenizer.json torn", "header cut", "weights cut", "config.json gone")
    found = faults("openclip", tmp_path / "folder", lambda name: name.endswith(wanted))
    assert found == []


def test_each_adapter_names_the_other(folder: Path, tmp_path: Path) -> None:
    """clip refuses a folder of open_clip, and openclip a CLIP, before weights are loaded."""
    for name in (WEIGHTS, "open_clip_pytorch_model.bin"):
        (folder / WEIGHTS).rename(folder / name) if name != WEIGHTS else None
        with one_line_error(ModelError) as caught:
            resolved(f"clip@{folder}")
        assert str(caught.value) == (
            f"model clip: checkpoint {folder} has no config.json; type -m openclip@{folder}"
        )
    for name in ("clip", "siglip"):
        theirs = contrastive.build(name, tmp_path / name)
        with one_line_error(ModelError) as caught:
            resolved(f"openclip@{theirs}")
        assert str(caught.value) == (
            f"model openclip: checkpoint {theirs} has no open_clip_config.json;"
            f" type -m clip@{theirs}"
        )


def test_a_folder_without_an_adapter_names_openclip(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(capsys, "run", "-m", str(folder), "-t", "shapes-retrieval")
    assert f"write openclip@{folder} (" in said
    said = refusal(capsys, "run", "-m", "hf-hub:laion/CLIP", "-t", "shapes-retrieval")
    assert "write openclip@NAME or timm@NAME with the folder or hub id alone" in said


@pytest.mark.parametrize(
    ("name", "repository"),
    [
        ("ViT-B-32@laion2b_s34b_b79k", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"),
        ("ViT-B/32@laion2b_s34b_b79k", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"),
        ("ViT-B-16-SigLIP@webli", "timm/ViT-B-16-SigLIP"),
    ],
)
def test_a_tag_of_open_clip_names_its_repository(name: str, repository: str) -> None:
    with one_line_error(
        ModelError, match=rf"is a tag of open_clip, .*; type openclip@{repository}$"
    ):
        resolved(f"openclip:{name}")


def test_an_architecture_is_no_checkpoint() -> None:
    with one_line_error(ModelError, match="is an architecture of .*; type openclip:ViT-B-32@FILE"):
        resolved("openclip@ViT-B-32")


def test_a_run_by_variant_is_recorded_with_its_note(
    tmp_path: Path, tiny: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = openclip.weights(tmp_path / "epoch_3.pt", openclip.randomised(tiny).state_dict())
    board = str(tmp_path / "board")
    model = f"openclip:{tiny}@{file}"
    task = ("-t", "shapes-zeroshot", "--limit", "8", "--out", board)
    record = run_record(capsys, "run", "-m", model, *task)
    assert record["model"]["options"] == {"architecture": tiny}
    assert (record["model"]["name"], record["model"]["checkpoint"]) == ("openclip", str(file))
    assert any(note.startswith("epoch_3.pt holds only weights") for note in record["notes"])
    assert record["environment"]["versions"]["open_clip_torch"] == open_clip.__version__
    other = openclip.architecture(
        tmp_path, "ViT-tiny-8-quickgelu", {**openclip.VIT, "quick_gelu": True}
    )
    variants = [resolved(f"openclip:{name}@{file}").info.hash for name in (tiny, other)]
    assert variants[0] == record["model"]["hash"] != variants[1]
    assert resolved(f"openclip@{file}", architecture=tiny).info.hash == variants[0]
    shown = run_record_of(capsys, model, board)
    assert shown["run"] == record["run"]


def test_a_hub_id_is_downloaded_and_embeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run has its own process, since huggingface_hub reads its environment when imported."""
    folder = openclip.folder(tmp_path / "siglip", openclip.siglip())
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    monkeypatch.setitem(REPOSITORIES, "some/siglip", files | {"README.md": b"about"})
    model = ["run", "-m", "openclip@some/siglip", "-t", "shapes-zeroshot", "--limit", "4"]
    command = [sys.executable, "-m", "mmbench", *model, "--out", str(tmp_path / "b"), "--json"]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    with serving() as (endpoint, _):
        env = {**kept, "HF_HOME": str(tmp_path / "hf"), "HF_ENDPOINT": endpoint, "NO_PROXY": "*"}
        done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (record,) = json.loads(done.stdout)
    assert record["model"]["revision"] == SHA
    assert record["counts"]["failed"] == 0


def test_a_tokenizer_is_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = openclip.folder(tmp_path / "siglip", openclip.siglip())
    (tmp_path / "mine.json").write_text(json.dumps(openclip.siglip()))
    files = {file.name: file.read_bytes() for file in folder.glob("*token*")}
    monkeypatch.setitem(REPOSITORIES, "owner/of-the-hub", files)
    model = f"openclip:{tmp_path / 'mine.json'}@{folder / WEIGHTS}"
    command = [sys.executable, "-m", "mmbench", "check", "-m", model, "-t", "shapes-zeroshot"]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    with serving() as (endpoint, _):
        env = {**kept, "HF_HOME": str(tmp_path / "hf"), "HF_ENDPOINT": endpoint, "NO_PROXY": "*"}
        done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def run_record_of(capture: pytest.CaptureFixture[str], run: str, board: str) -> dict[str, Any]:
    from mmbench.cli import main

    capture.readouterr()
    assert main(["show", "run", run, "--out", board, "--json"]) == 0
    record = json.loads(capture.readouterr().out)
    return dict(record[0] if isinstance(record, list) else record)


@pytest.mark.parametrize("name", ["openclip@{}", "openclip:ViT-B-23@{}", "openclip@ViT-B-32"])
def test_invalid_names_are_refused_without_reading_files(
    tmp_path: Path, tiny: str, name: str
) -> None:
    file = openclip.weights(tmp_path / "a.pt", openclip.randomised(tiny).state_dict())
    check_name(f"openclip:{tiny}@{file}", {})
    with one_line_error(UserError, match=r"type openclip:|did you mean ViT-B-32"):
        check_name(name.format(file), {})

"""Reading of weights files in the forms that training code writes."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from mmbench.errors import ModelError
from mmbench.models.support.state_dicts import load_state_dict, read_state_dict
from tests.support.errors import one_line_error

PLAIN = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2)}
OTHER = {name: one + 1 for name, one in PLAIN.items()}


def prefixed(prefix: str) -> dict[str, Any]:
    return {f"{prefix}{name}": one for name, one in PLAIN.items()}


def saved(folder: Path, content: Any) -> Path:
    torch.save(content, folder / "net.pt")
    return folder / "net.pt"


def equal(found: dict[str, Any], expected: dict[str, Any]) -> bool:
    return found.keys() == expected.keys() and all(
        torch.equal(found[name], one) for name, one in expected.items()
    )


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (PLAIN, ""),
        (prefixed("module."), ""),
        (prefixed("module._orig_mod."), ""),
        ({"epoch": 3, "state_dict": prefixed("module.")}, "state_dict"),
        ({"model": PLAIN, "optimizer": {"state": {}}}, "model"),
        ({"state_dict": OTHER, "state_dict_ema": PLAIN}, "state_dict_ema"),
        ({"model": OTHER, "model_ema": prefixed("module.")}, "model_ema"),
        ({"state_dict": PLAIN, "state_dict_ema": None}, "state_dict"),
    ],
)
def test_forms_of_checkpoints(tmp_path: Path, content: dict[str, Any], key: str) -> None:
    state = read_state_dict(saved(tmp_path, content))
    assert (state.key, state.averaged) == (key, key.endswith("ema"))
    assert equal(state.tensors, PLAIN)


def test_the_average_is_left_aside_on_request(tmp_path: Path) -> None:
    file = saved(tmp_path, {"state_dict": OTHER, "state_dict_ema": PLAIN})
    assert equal(read_state_dict(file, ema=False).tensors, OTHER)


def test_a_prefix_of_some_names_stays(tmp_path: Path) -> None:
    mixed = {**prefixed("module."), "logit_scale": torch.ones(())}
    assert equal(read_state_dict(saved(tmp_path, mixed)).tensors, mixed)


def test_files_of_safetensors_and_of_old_torch(tmp_path: Path) -> None:
    save_file(PLAIN, tmp_path / "net.safetensors")
    torch.save(PLAIN, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    for name in ("net.safetensors", "old.pth"):
        assert equal(read_state_dict(tmp_path / name).tensors, PLAIN)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({"epoch": 3, "optimizer": {}}, "the keys epoch, optimizer"),
        ({"state_dict": {}}, "the keys state_dict"),
        ([1], "a list"),
        ({}, "nothing"),
        (torch.ones(2), "a Tensor"),
    ],
)
def test_a_file_without_weights(tmp_path: Path, content: Any, found: str) -> None:
    with one_line_error(ModelError, match=rf"holds no weights \(looked for .*; found {found}\)$"):
        read_state_dict(saved(tmp_path, content))


def test_programs_and_code_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "net.pt"
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), file)
    with one_line_error(ModelError, match="is a TorchScript archive; save its weights with"):
        read_state_dict(file)
    ran = tmp_path / "ran"

    class Code:
        def __reduce__(self) -> Any:
            return Path.touch, (ran,)

    for write in (torch.save, lambda content, path: path.write_bytes(pickle.dumps(content))):
        write({"state_dict": Code()}, file)
        with one_line_error(ModelError, match="objects other than tensors, which could run code"):
            read_state_dict(file)
    assert not ran.exists()


def test_tensors_are_loaded_whole_or_not_at_all() -> None:
    net = torch.nn.ModuleDict({"a": torch.nn.Linear(3, 2)})
    load_state_dict(net, PLAIN, "x.pt", "the net")
    assert equal(net.state_dict(), PLAIN)
    faulty = {"a.bias": torch.ones(3), **{f"b.{i}": torch.ones(1) for i in range(5)}}
    with one_line_error(ModelError) as caught:
        load_state_dict(net, faulty, "x.pt", "the net")
    assert str(caught.value) == (
        "x.pt does not fit the net: it lacks a.weight; it also has b.0, b.1, b.2 and 2 more;"
        " it has in another shape a.bias"
    )
    assert equal(net.state_dict(), PLAIN)

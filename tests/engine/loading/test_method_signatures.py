"""A method of a model with other parameters is refused before the weights are loaded."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from mmbench import registry
from mmbench.engine.loading.abilities import ability_methods
from mmbench.engine.loading.method_signatures import check_signatures
from mmbench.engine.loading.models.adapters import class_of
from mmbench.engine.loading.models.resolver import Model
from mmbench.errors import ModelError
from mmbench.protocols import models as protocols
from mmbench.types import ModelInfo
from tests.support.command_line import refusal
from tests.support.files import write_file

ABILITIES = [
    value
    for name, value in vars(protocols).items()
    if isinstance(value, type) and value.__module__ == protocols.__name__ and name != "ModelClass"
]
METHODS = [method for ability in ABILITIES for method in ability_methods(ability)]


def model(**methods: Any) -> Model:
    return of_class(type("Own", (), {"modalities": frozenset({"text"}), **methods}))


def of_class(cls: Any) -> Model:
    return Model(ModelInfo("own", None, None, "", "own@0", {}, "none"), cls, cls)


def test_all_abilities_are_checked() -> None:
    assert {"embed", "classify", "write", "loglikelihood", "relevance", "match_tokens", "draw",
            "speak", "detect", "embed_joint"} == {*METHODS}  # fmt: skip


@pytest.mark.parametrize("method", [*METHODS, "embed_instructed", "prepare", "write_each"])
def test_missing_and_further_parameters_are_refused(method: str) -> None:
    needed = [] if method not in METHODS else [method]
    for wrong in (lambda self: None, lambda self, a, b, c, d, e: None, lambda self, *, a: None):
        with pytest.raises(
            ModelError, match=rf"model own \(.*line \d+\): {method} is .* arguments"
        ):
            check_signatures(model(**{method: wrong}), needed)


@pytest.mark.parametrize("method", METHODS)
def test_any_names_and_optional_parameters_are_accepted(method: str) -> None:
    def decorated(function: Callable[..., object]) -> Callable[..., object]:
        return wraps(function)(lambda *given: function(*given))

    rights: list[Any] = [
        lambda self, *args: None,
        lambda self, a, b=1, c=2, d=3, e=4: None,
        staticmethod(lambda a, b=1, c=2, d=3: None),
        classmethod(lambda cls, a, b=1, c=2, d=3: None),
        decorated(lambda self, *args: None),
        print,  # a function without a signature of a method
    ]
    for right in rights:
        check_signatures(model(**{method: right}), [method])


@pytest.mark.parametrize("method", METHODS)
def test_methods_of_live_objects_are_bound(method: str) -> None:
    live = type("Live", (), {method: lambda self, *args: None})()
    check_signatures(of_class(live), [method])
    with pytest.raises(ModelError, match="arguments"):
        check_signatures(of_class(type("Live", (), {method: lambda self: None})()), [method])


def test_the_packaged_models_pass() -> None:
    for name in registry.names("model"):
        if not name.endswith("-nano"):  # these import torch
            cls = class_of(name)
            own = [method for method in METHODS if hasattr(cls, method)]
            check_signatures(of_class(cls), own)


def test_a_plugin_gets_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    plugin = write_file(
        tmp_path / "mine.py",
        "import mmbench\n\n\nclass Base:\n    def embed(self, items):\n        return items\n\n\n"
        '@mmbench.register("model", "mine-embed")\nclass Mine(Base):\n'
        '    modalities = frozenset({"text", "image"})\n\n'
        "    def __init__(self, folder, *, device, dtype):\n        raise ValueError\n",
    )
    command = ["run", "-m", "mine-embed", "-t", "shapes-retrieval", "--limit", "2", "--quiet"]
    command += ["--plugin", str(plugin), "--out", str(tmp_path / "out")]
    message = refusal(capsys, *command)
    assert f"model mine-embed ({plugin}, line 5): embed is defined as embed(self, items)" in message
    assert "write def embed(self, items, modality, role)" in message
    assert len(message.splitlines()) == 1

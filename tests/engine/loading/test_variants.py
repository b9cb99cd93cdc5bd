"""`NAME:VARIANT@CHECKPOINT`: the variant is an option of the class, recorded and hashed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmbench
from mmbench.cli import main
from mmbench.engine.loading.models.model_ref import parse
from mmbench.engine.loading.models.resolver import Model, ModelResolver, find
from mmbench.errors import ModelError, UnknownName, UserError
from mmbench.storage.content_keys import ContentKeys, cache_folder
from tests.support.command_line import run_record
from tests.support.errors import one_line_error

pytestmark = pytest.mark.usefixtures("own_plugins")


class Sized:
    """A model with a size, which counts letters."""

    modalities = frozenset({"text", "image"})
    checkpoints = (".pt",)
    variant = "size"

    def __init__(self, folder: Path, *, device: str, dtype: str, size: str = "base") -> None:
        self.size = size

    @staticmethod
    def check_name(place: str, *, size: str = "base") -> None:
        if size == "none":
            raise ModelError(f"model sized: {place} has no size")

    @staticmethod
    def notes(folder: Path, *, size: str = "base") -> list[str]:
        return [f"{folder.name} is of the size {size}"]

    def embed(self, items: Any, modality: str, role: str) -> np.ndarray:
        rng = np.random.default_rng(len(self.size))
        return rng.normal(size=(len(items), 4)).astype(np.float32)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    mmbench.register("model", "sized")(Sized)
    file = tmp_path / "net.pt"
    file.write_bytes(b"1")
    return file


def resolved(name: str, **options: object) -> Model:
    with ContentKeys(cache_folder()) as keys:
        return find(name, ModelResolver(keys), dict(options))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ("a", None, None, None)),
        ("a:B-32", ("a", "B-32", None, None)),
        ("a:B/32@x/y.pt", ("a", "B/32", "x/y.pt", None)),
        ("frames+a:B@o/n#main", ("frames+a", "B", "o/n", "main")),
        ("a@C:/x.pt", ("a", None, "C:/x.pt", None)),
        ("runs/a:b", ("runs/a:b", None, None, None)),
        ("https://host/x", ("https://host/x", None, None, None)),
        ("a:@x", ("a", None, "x", None)),
    ],
)
def test_references(text: str, parts: tuple[str | None, ...]) -> None:
    ref = parse(text)
    assert (ref.adapter, ref.variant, ref.checkpoint, ref.revision) == parts


def test_a_variant_is_an_option_and_part_of_the_identity(weights: Path) -> None:
    large = resolved(f"sized:large@{weights}")
    assert (large.info.name, large.info.options) == ("sized", {"size": "large"})
    assert large.info.hash == resolved(f"sized@{weights}", size="large").info.hash
    assert large.info.hash != resolved(f"sized:small@{weights}").info.hash
    assert large.notes == ("net.pt is of the size large",)
    framed = resolved(f"frames+sized:large@{weights}")
    assert framed.info.options == {"size": "large", "frames": 8}
    assert framed.notes == large.notes


def test_a_variant_and_another_option_are_refused(weights: Path) -> None:
    assert resolved(f"sized:large@{weights}", size="large").info.options == {"size": "large"}
    with one_line_error(UserError, match="variant large differs from size=small; give one of them"):
        resolved(f"sized:large@{weights}", size="small")


def test_a_model_without_variants_refuses_one(tmp_path: Path) -> None:
    for checkpoint in ("", "@some/where"):
        with one_line_error(UserError) as caught:
            resolved(f"clip:ViT-B-32{checkpoint}")
        assert str(caught.value) == f"model clip has no variants; type clip{checkpoint}"
    with pytest.raises(UnknownName, match="unknown model 'clop'"):
        resolved("clop:x")


def test_a_variant_that_is_no_name_is_refused(weights: Path) -> None:
    mmbench.register("model", "odd")(type("Odd", (Sized,), {"variant": 3}))
    with pytest.raises(ModelError, match="its variant is 3; declare a str, the name"):
        resolved(f"odd@{weights}")


def test_a_run_has_the_note_and_is_found_by_its_variant(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = ("--out", str(tmp_path / "board"))
    task = ("-t", "shapes-zeroshot", "--limit", "4")
    records = {
        size: run_record(capsys, "run", "-m", f"sized:{size}@{weights}", *task, *board)
        for size in ("large", "small")
    }
    for size, record in records.items():
        assert f"net.pt is of the size {size}" in record["notes"]
        run = mmbench_run(f"sized:{size}@{weights}", board[1])
        assert run == record["run"]
    assert mmbench_run(f"sized@{weights}", board[1]) == records["small"]["run"]
    with pytest.raises(UserError, match="no run has this model"):
        mmbench_run(f"sized:other@{weights}", board[1])


def mmbench_run(text: str, board: str) -> str:
    from mmbench.storage.run_lookup import find_run

    return str(find_run(text, board).record.run)


def test_check_shows_the_notes_of_a_model_once(
    weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "-m", f"sized@{weights}", "-t", "shapes-zeroshot", "--limit", "2"]) == 0
    assert capsys.readouterr().out.count("note: net.pt is of the size base") == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sized:none@{}", "model sized: {} has no size"),
        ("nothing@{}", "unknown model 'nothing'"),
        ("clip-nano:large", "model clip-nano has no variants"),
        ("frames+sized:none@{}", "model sized: {} has no size"),
    ],
)
def test_an_invalid_name_is_reported_before_another_model_runs(
    weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    message: str,
) -> None:
    reported: list[str] = []

    def embed(self: Sized, items: Any, modality: str, role: str) -> np.ndarray:
        reported.append(capsys.readouterr().err)
        return np.ones((len(items), 4), np.float32)

    monkeypatch.setattr(Sized, "embed", embed)
    models = ["-m", f"sized@{weights}", "-m", name.format(weights), "-m", "oracle"]
    board = str(tmp_path / "board")
    task = ["-t", "shapes-zeroshot", "--limit", "4", "--out", board, "--quiet"]
    assert main(["run", *models, *task]) == 2
    assert f"mmbench: error: {message.format(weights)}" in reported[0]
    assert message.format(weights) not in "".join([*reported[1:], capsys.readouterr().err])
    assert len(list(Path(board).rglob("*.json"))) >= 2

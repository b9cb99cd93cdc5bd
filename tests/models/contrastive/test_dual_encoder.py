"""What contrastive models share: texts cut at a limit, features of both towers."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmbench.errors import ModelError
from mmbench.models.contrastive.dual_encoder import DualEncoder
from tests.support.checkpoints import contrastive

CPU = {"device": "cpu", "dtype": "float32"}
LONG = "a cat sits on the mat " * 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return contrastive.build("clip", tmp_path_factory.mktemp("dual") / "clip")


def test_a_text_is_cut_at_the_limit_and_keeps_its_end(folder: Path) -> None:
    whole = DualEncoder(folder, "image", "", **CPU)
    cut = DualEncoder(folder, "image", "", **CPU, limit=lambda *_: 7)
    assert len(whole.ids(LONG)) == contrastive.TOKENS  # the tokenizer's own limit
    assert cut.ids(LONG) == [*whole.ids(LONG)[:6], whole.ids(LONG)[-1]]
    assert cut.ids("a cat") == whole.ids("a cat")


def test_texts_are_padded_to_the_longest_of_their_batch(folder: Path) -> None:
    encoder = DualEncoder(folder, "image", "", **CPU, limit=lambda *_: 7)
    ids = [encoder.ids("a"), encoder.ids(LONG)]
    batch = encoder.pad_texts(ids)
    assert batch["input_ids"].shape == (2, 7)
    assert batch["attention_mask"].sum(1).tolist() == [len(ids[0]), 7]


def test_a_model_without_the_other_tower_is_refused(folder: Path) -> None:
    wanted = r"checkpoint .*clip is a clip model, but this needs a CLAP"
    with pytest.raises(ModelError, match=wanted):
        DualEncoder(folder, "audio", "this needs a CLAP", **CPU)

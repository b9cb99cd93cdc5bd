"""The fluency adapter on a tiny detector in the published layout, beside FENSE's steps by hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as tf

from mmbench.errors import ModelError
from mmbench.models.texts.fluency import Fluency
from tests.support.checkpoints import text_encoders

TEXTS = [*text_encoders.SENTENCES, "", "Dogs, dogs!", "a cat-like cat's " * 30]
FILE = "echecker_clotho_audiocaps_base.ckpt"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return text_encoders.fluency_detector(tmp_path_factory.mktemp("detector"))


def load(path: Path | None) -> Fluency:
    return Fluency(path, device="cpu", dtype="float32")


def official(folder: Path, text: str) -> Any:
    """Return the probabilities of a text as `detect_error_sents` of FENSE computes them."""
    state = torch.load(folder / FILE)["state_dict"]
    encoder = tf.BertModel(tf.AutoConfig.from_pretrained(folder)).eval()
    own = {n.removeprefix("encoder."): t for n, t in state.items() if n.startswith("encoder.")}
    own.pop("embeddings.position_ids")
    encoder.load_state_dict(own)
    tokenizer = tf.AutoTokenizer.from_pretrained(folder)
    plain = re.sub(r"[^\w\s]", "", text).lower()
    batch = tokenizer(
        [plain], truncation=True, padding="max_length", max_length=64, return_tensors="pt"
    )
    with torch.no_grad():
        first = encoder(**batch).last_hidden_state[:, 0, :]
        return torch.sigmoid(first @ state["clf.weight"].T + state["clf.bias"])[0].numpy()


def test_the_probabilities_are_those_of_the_published_code(folder: Path) -> None:
    for path in (folder, folder / FILE):
        found = load(path).classify(TEXTS, "text")
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, [official(folder, text) for text in TEXTS], atol=1e-5)
        assert found[:, -1].min() < 0.5 < found[:, -1].max()
    assert Fluency.labels[-1] == "error"
    assert Fluency.scores == "probabilities"


def test_faults_say_what_to_do(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="needs a folder; download echecker_clotho"):
        load(None)
    with pytest.raises(ModelError, match=r"no file with the suffix \.ckpt"):
        load(tmp_path)
    content = torch.load(folder / FILE)
    torch.save(content, tmp_path / "a.ckpt")
    with pytest.raises(ModelError, match="config"):
        load(tmp_path)
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    content["state_dict"].pop("clf.bias")
    torch.save(content, tmp_path / "a.ckpt")
    with pytest.raises(ModelError, match=r"it lacks clf\.bias"):
        load(tmp_path)
    torch.save({"state_dict": {"a": [1]}}, tmp_path / "b.ckpt")
    with pytest.raises(ModelError, match=r"has 2 files with the suffix \.ckpt"):
        load(tmp_path)
    with pytest.raises(ModelError, match="holds no weights"):
        load(tmp_path / "b.ckpt")

"""The cross-encoder adapter on tiny checkpoints, against transformers used by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers as tf

from mmbench.errors import ModelError
from mmbench.models.texts.cross_encoder import CrossEncoder
from mmbench.protocols import Reranks
from mmbench.types import Message
from tests.support.checkpoints import text_encoders
from tests.support.checkpoints.parts import save

pytestmark = pytest.mark.usefixtures("one_thread")
PAIRS = [
    ("two dogs", "two dogs play in the snow"),
    (" A CAT!  ", "the cat sat on the mat. " * 4),
    ("", "rice"),
    ("water runs " * 9, "birds"),
]


def build(folder: Path, name: str = "bert", classes: int = 1) -> Path:
    roberta = name == "roberta"
    tokenizer = text_encoders.byte_tokenizer() if roberta else text_encoders.word_tokenizer()
    sizes = {**text_encoders.SIZES, "vocab_size": len(tokenizer), "num_labels": classes}
    sizes["pad_token_id"] = tokenizer.pad_token_id
    extra = 1 + tokenizer.pad_token_id if roberta else 0
    config = tf.AutoConfig.for_model(
        name, **sizes, max_position_embeddings=text_encoders.TOKENS + extra
    )
    torch.manual_seed(0)
    network = tf.AutoModelForSequenceClassification.from_config(config)
    return save(folder, network, tokenizer)


def turns(query: str, document: str) -> tuple[Message, Message]:
    return Message("user", (query,)), Message("user", (document,))


@pytest.mark.parametrize("name", ["bert", pytest.param("roberta", marks=pytest.mark.slow)])
def test_logits_of_pairs(tmp_path: Path, name: str) -> None:
    folder = build(tmp_path, name)
    model = CrossEncoder(folder, device="cpu", dtype="float32")
    assert isinstance(model, Reranks)
    scores = model.relevance([turns(*pair) for pair in PAIRS])
    assert scores.shape == (4, 1) and scores.dtype == np.float32
    tokenizer = tf.AutoTokenizer.from_pretrained(folder)
    network = tf.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    for (query, document), score in zip(PAIRS, scores, strict=True):
        batch = tokenizer(
            query.strip(),
            document.strip(),
            truncation="longest_first",
            max_length=text_encoders.TOKENS,
            return_tensors="pt",
        )
        with torch.no_grad():
            assert network(**batch).logits.item() == pytest.approx(score.item(), abs=1e-5)
    assert len(set(scores[:, 0].tolist())) == 4


def test_checkpoints_that_are_no_cross_encoders(tmp_path: Path) -> None:
    classifier = build(tmp_path / "c", classes=3)
    with pytest.raises(ModelError, match="classifier with 3 classes; cross-encoder needs a model"):
        CrossEncoder(classifier, device="cpu", dtype="float32")
    encoder = text_encoders.build("bert", tmp_path / "e")
    with pytest.raises(ModelError, match="lacks weights"):
        CrossEncoder(encoder, device="cpu", dtype="float32")

"""What tiny checkpoints share: sizes, class names, a tokenizer of letters, how they are saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import transformers as tf
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

TOWER = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
# Weights far from zero, so that every input and layer shows in what an untrained model returns.
WIDE_TOWER = {**TOWER, "initializer_range": 0.3}
SIDE = {"height": 32, "width": 32}
NAMES = ["cat", "dog_barking", "Playing guitar", "rain"]


def labels(names: list[str]) -> dict[str, Any]:
    """Return the class names as a configuration of transformers states them."""
    return {"id2label": dict(enumerate(names)), "label2id": {n: i for i, n in enumerate(names)}}


def letters(*more: str) -> Tokenizer:
    """Return a tokenizer of bytes, one token each, with the tokens `more` after them."""
    alphabet = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *more]
    inner = Tokenizer(models.BPE({letter: i for i, letter in enumerate(alphabet)}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    return inner


def letter_tokenizer(*marks: str, **options: Any) -> Any:
    """Return a tokenizer of letters with the tokens `marks`, which stand for media."""
    extra = {"additional_special_tokens": list(marks)} if marks else {}
    ends = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    return tf.PreTrainedTokenizerFast(tokenizer_object=letters(), **ends, **extra, **options)


def end_ids(tokenizer: Any) -> dict[str, int]:
    """Return the ids of the tokens that begin, end and pad a text, as configurations name them."""
    names = ("bos_token_id", "eos_token_id", "pad_token_id")
    return {name: getattr(tokenizer, name) for name in names}


def save(folder: Path, *parts: Any) -> Path:
    """Save a model, its processor and the like into the folder, and return it."""
    for part in parts:
        part.save_pretrained(folder)
    return folder

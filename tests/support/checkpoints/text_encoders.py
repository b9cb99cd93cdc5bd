"""Tiny text encoders with random weights, and a fluency error detector as FENSE publishes it.

`build(NAME, folder)` writes what `save_pretrained` writes, from a fixed seed. Models are 16 wide
and 3 deep, and texts end after 16 tokens.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers as tf
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from tests.support.checkpoints.parts import save

TOKENS = 16
LAYERS = 3
SENTENCES = [
    "a man riding a horse on the beach",
    "two dogs play in the snow",
    "the cat sat on the mat.",
    "a plate of food, with rice and beans",
    "water runs while birds sing",
]
SIZES = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "initializer_range": 0.3,  # so that every token shows in the vectors
}
_MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_BYTE_MARKS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def build(name: str, folder: Path) -> Path:
    """Save the encoder called `name` (bert, roberta, distilbert ...) with its tokenizer."""
    tokenizer = byte_tokenizer() if name == "roberta" else word_tokenizer()
    torch.manual_seed(0)
    return save(folder, tf.AutoModel.from_config(_config(name, tokenizer)), tokenizer)


def word_tokenizer() -> Any:
    """Return BERT's tokenizer: lower case, whole words, and letters that begin or continue one."""
    words = sorted({word for text in SENTENCES for word in text.replace(",", "").split()})
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = [*_MARKS, *words, *letters, *(f"##{letter}" for letter in letters), *".,!"]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    return tf.BertTokenizer(vocab=vocabulary, model_max_length=TOKENS)


def byte_tokenizer(*, space_first: bool = False) -> Any:
    """Return RoBERTa's tokenizer of bytes, in which " dogs" and "dogs" are different tokens."""
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=330,
        special_tokens=_BYTE_MARKS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(SENTENCES * 3, trainer)
    model = json.loads(inner.to_str())["model"]
    return tf.RobertaTokenizer(
        vocab=model["vocab"],
        merges=[tuple(pair) for pair in model["merges"]],
        model_max_length=TOKENS,
        add_prefix_space=space_first,
    )


def _config(name: str, tokenizer: Any) -> Any:
    sizes: dict[str, Any] = {**SIZES, "vocab_size": len(tokenizer)}
    sizes["max_position_embeddings"] = TOKENS
    sizes["pad_token_id"] = tokenizer.pad_token_id
    if name in ("roberta", "mpnet"):  # positions begin after that of the padding token
        sizes["max_position_embeddings"] = TOKENS + 1 + tokenizer.pad_token_id
    if name == "albert":
        sizes["embedding_size"] = 8
    if name == "distilbert":
        sizes |= {"dim": 16, "hidden_dim": 32, "n_layers": LAYERS, "n_heads": 2}
    if name == "t5":
        sizes |= {"d_model": 16, "d_ff": 32, "d_kv": 8, "num_layers": LAYERS, "num_heads": 2}
    return tf.AutoConfig.for_model(name, **sizes)


def sentence_folder(folder: Path, **pooling: Any) -> Path:
    """Save a BERT in the layout of sentence-transformers; `pooling` is 1_Pooling/config.json."""
    build("bert", folder)
    kinds = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(kinds.items())
    ]
    limits = {"max_seq_length": 8, "do_lower_case": True}
    (folder / "1_Pooling").mkdir()
    for name, content in (
        ("modules.json", modules),
        ("sentence_bert_config.json", limits),
        ("1_Pooling/config.json", {"word_embedding_dimension": 16, **pooling}),
    ):
        (folder / name).write_text(json.dumps(content))
    return folder


def fluency_detector(folder: Path, seed: int = 0) -> Path:
    """Save the file that FENSE publishes, next to the configuration and tokenizer of its BERT.

    Keys as `load_pretrain_echecker` of blmoistawinde/fense reads them; the positions are numbered
    as in versions of transformers before 4.31. The head is made such that about half of all texts
    have an error.
    """
    tokenizer = word_tokenizer()
    config = _config("bert", tokenizer)
    config.max_position_embeddings = 64
    torch.manual_seed(seed)
    encoder, head = tf.BertModel(config).eval(), torch.nn.Linear(config.hidden_size, 6)
    torch.nn.init.normal_(head.weight, std=10.0)
    with torch.no_grad():
        batch = tokenizer(SENTENCES, padding=True, return_tensors="pt")
        head.bias -= head(encoder(**batch).last_hidden_state[:, 0]).median(dim=0).values
    state = {f"encoder.{name}": tensor for name, tensor in encoder.state_dict().items()}
    state |= {f"clf.{name}": tensor for name, tensor in head.state_dict().items()}
    state["encoder.embeddings.position_ids"] = torch.arange(64)[None]
    save(folder, config, tokenizer)
    content = {"model_type": "bert-base-uncased", "num_classes": 6, "state_dict": state}
    torch.save(content, folder / "echecker_clotho_audiocaps_base.ckpt")
    return folder

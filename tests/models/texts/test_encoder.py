"""The text-encoder adapter on tiny checkpoints, beside transformers used by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as tf
from safetensors.torch import load_file, save_file

from mmbench.errors import ModelError
from mmbench.models.texts.encoder import TextEncoder
from mmbench.models.texts.prompts import Prompts
from mmbench.protocols import Embeds, EmbedsInstructed, MatchesTokens
from mmbench.types import MatchRequest
from tests.support.checkpoints import text_encoders
from tests.support.checkpoints.text_encoders import LAYERS, TOKENS

pytestmark = pytest.mark.usefixtures("one_thread")

CLOSE = 1e-5
TEXTS = [*text_encoders.SENTENCES, " A CAT!  ", "", "x", "dogs and cats " * 20]
OTHERS = ["distilbert", "mpnet", "electra", "deberta-v2", "modernbert"]
ITEMS = [
    MatchRequest("two dogs in the snow", ("two dogs play in the snow", "a cat")),
    MatchRequest("", ("dogs",)),
    MatchRequest("a plate " * 30, ("", "food. and rice", "beans " * 40)),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    root = tmp_path_factory.mktemp("checkpoints")
    return cache(lambda name: text_encoders.build(name, root / name))


def load(folder: Path, **options: Any) -> TextEncoder:
    return TextEncoder(folder, device="cpu", dtype="float32", **options)


@cache
def loaded(folder: Path) -> tuple[Any, Any]:
    model = tf.AutoModel.from_pretrained(folder).eval()
    return tf.AutoTokenizer.from_pretrained(folder), model


def by_hand(folder: Path, text: str, layer: int = LAYERS, limit: int = TOKENS) -> np.ndarray:
    """Return the vectors of a text's tokens after a layer, [t, d], from a batch of one."""
    tokenizer, model = loaded(folder)
    encoding = tokenizer(text, truncation=True, max_length=limit, return_tensors="pt")
    with torch.no_grad():
        output = model(**encoding, output_hidden_states=True)
    vectors: np.ndarray = output.hidden_states[layer][0].numpy()
    return vectors


@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_an_embedding_is_the_mean_of_the_vectors_of_all_tokens(
    name: str, folder: Callable[[str], Path]
) -> None:
    model = load(folder(name))
    assert isinstance(model, Embeds)
    vectors = model.embed(TEXTS, "text", "document")
    expected = [by_hand(folder(name), text.strip()).mean(axis=0) for text in TEXTS]
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, expected, atol=CLOSE)
    alone = np.concatenate([model.embed([text], "text", "query") for text in TEXTS])
    np.testing.assert_allclose(vectors, alone, atol=CLOSE)


@pytest.mark.parametrize(
    "name", ["bert", "albert", *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)]
)
def test_a_layer_gives_the_hidden_state_of_this_number(
    name: str, folder: Callable[[str], Path]
) -> None:
    # The last norm of ModernBERT follows any layer; DeBERTa needs a layer.
    for layer in {"modernbert": (), "deberta-v2": (1, 2)}.get(name, (0, 2)):
        ours = load(folder(name), layer=layer).embed(TEXTS[:2], "text", "document")
        expected = [by_hand(folder(name), text, layer).mean(axis=0) for text in TEXTS[:2]]
        np.testing.assert_allclose(ours, expected, atol=CLOSE)
    whole, same, fewer = (
        load(folder(name), **options).embed(TEXTS[:2], "text", "document")
        for options in ({}, {"layer": LAYERS}, {"layer": LAYERS - 1})
    )
    np.testing.assert_array_equal(whole, same)
    assert np.abs(whole - fewer).max() > 0.01


def naive_matches(folder: Path, item: MatchRequest, layer: int, lead: str) -> list[Any]:
    """Return what each token of the text, and then of each reference, matches best."""

    def unit(text: str) -> np.ndarray:
        vectors = by_hand(folder, f"{lead}{text.strip()}" if text.strip() else "", layer)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    one = unit(item.text)
    pairs = [(one, unit(reference)) for reference in item.references]
    text_best = [[max(float(a @ b) for b in other) for a in one] for one, other in pairs]
    reference_best = [[max(float(a @ b) for a in one) for b in other] for one, other in pairs]
    return [text_best, reference_best]


@pytest.mark.parametrize(("name", "lead"), [("bert", ""), ("roberta", " ")])
def test_the_matches_of_tokens_are_the_highest_cosines(
    name: str, lead: str, folder: Callable[[str], Path]
) -> None:
    model = load(folder(name), layer=2)
    assert isinstance(model, MatchesTokens)
    for item, found in zip(ITEMS, model.match_tokens(ITEMS), strict=True):
        text_best, reference_best = naive_matches(folder(name), item, 2, lead)
        for ours, theirs in zip(found.text_best, text_best, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=CLOSE)
        for ours, theirs in zip(found.reference_best, reference_best, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=CLOSE)
        (alone,) = model.match_tokens([item])
        np.testing.assert_array_equal(alone.text, found.text)
        for one, other in zip(alone.text_best, found.text_best, strict=True):
            np.testing.assert_allclose(one, other, atol=CLOSE)


def test_ids_mark_the_ends_of_a_text_and_stop_at_the_limit(folder: Callable[[str], Path]) -> None:
    model = load(folder("bert"))
    tokenizer = text_encoders.word_tokenizer()
    first, empty, long = model.match_tokens(ITEMS)
    words = tokenizer.convert_tokens_to_ids(["two", "dogs", "in", "the", "snow"])
    assert first.text.tolist() == [-1, *words, -1]
    assert empty.text.tolist() == [-1, -1]
    assert len(long.text) == len(long.references[2]) == TOKENS


def test_a_first_word_of_roberta_has_a_space_before_it(folder: Callable[[str], Path]) -> None:
    (found,) = load(folder("roberta")).match_tokens([MatchRequest("dogs", (" dogs ", "two dogs"))])
    assert found.text.tolist() == found.references[0].tolist()
    assert found.references[1].tolist()[-2:] == found.text.tolist()[1:]


def test_a_pooler_may_be_missing_but_no_other_weight(
    folder: Callable[[str], Path], tmp_path: Path
) -> None:
    copy = text_encoders.build("bert", tmp_path / "bert")
    weights = load_file(copy / "model.safetensors")
    without = {name: one for name, one in weights.items() if not name.startswith("pooler.")}
    assert len(without) < len(weights)
    save_file(without, copy / "model.safetensors", {"format": "pt"})
    one, other = (load(path).embed(TEXTS, "text", "query") for path in (folder("bert"), copy))
    np.testing.assert_array_equal(one, other)
    without.pop("encoder.layer.1.output.dense.weight")
    save_file(without, copy / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks weights: encoder\.layer\.1\.output\.dense"):
        load(copy)


@pytest.mark.parametrize(
    ("pooling", "reduce"),
    [
        ({"pooling_mode_mean_tokens": True}, lambda v: v.mean(axis=0)),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, lambda v: v[0]),
        ({"pooling_mode": "max"}, lambda v: v.max(axis=0)),
    ],
)
def test_a_folder_of_sentence_transformers_says_how_to_pool(
    pooling: dict[str, object], reduce: Callable[[np.ndarray], np.ndarray], tmp_path: Path
) -> None:
    folder = text_encoders.sentence_folder(tmp_path / "sentences", **pooling)
    vectors = load(folder).embed(TEXTS, "text", "document")
    expected = [reduce(by_hand(folder, text.strip().lower(), limit=8)) for text in TEXTS]
    np.testing.assert_allclose(vectors, expected, atol=CLOSE)


def test_modules_that_are_not_known_are_refused(tmp_path: Path) -> None:
    folder = text_encoders.sentence_folder(tmp_path / "a", pooling_mode="lasttoken")
    with pytest.raises(ModelError, match="asks for the pooling lasttoken; text-encoder knows mean"):
        load(folder)
    two = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}
    folder = text_encoders.sentence_folder(tmp_path / "b", **two)
    with pytest.raises(ModelError, match="asks for the pooling cls and mean"):
        load(folder)
    modules = folder / "modules.json"
    for fault, message in (
        ([{"path": "2_Dense", "type": "sentence_transformers.models.Dense"}], "a module Dense"),
        ([{"path": "../other", "type": "x.Transformer"}], r"names '../other', outside its folder"),
        ({}, "is not a valid file of sentence-transformers"),
    ):
        modules.write_text(json.dumps(fault))
        with pytest.raises(ModelError, match=message):
            load(folder)


def test_other_models_and_layers_are_refused(folder: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is a t5 model with a decoder"):
        load(folder("t5"))
    with pytest.raises(ModelError, match="has 3 layers, and layer is 4; give 0 to 3"):
        load(folder("bert"), layer=4)
    with pytest.raises(ModelError, match="type text-encoder@FacebookAI/roberta-large"):
        TextEncoder(None, device="cpu", dtype="float32")
    with pytest.raises(ModelError, match="no folder"):
        load(tmp_path / "missing")


def test_prompts_by_role(folder: Callable[[str], Path]) -> None:
    bert = folder("bert")
    plain = load(bert)
    prompted = load(
        bert, query_prompt="a {instruction} of {text}!", document_prompt="two dogs and "
    )
    expected = [
        plain.embed(["a plate of snow!"], "text", "query"),
        plain.embed(["two dogs and snow"], "text", "document"),
    ]
    assert isinstance(prompted, EmbedsInstructed)
    found = [
        prompted.embed_instructed(["snow"], "text", "query", "plate"),
        prompted.embed_instructed(["snow"], "text", "document", "plate"),
    ]
    assert np.array_equal(found, expected)
    assert np.array_equal(prompted.embed(["snow"], "text", "document"), expected[1])
    with pytest.raises(ModelError, match="needs an instruction, and the task has none; add `inst"):
        prompted.embed(["snow"], "text", "query")


def test_texts_are_no_templates() -> None:
    prompts = Prompts("{instruction}: {text}{text}")
    assert prompts.apply("{instruction} {text}", "query", "{text}") == (
        "{text}: {instruction} {text}{text}"
    )
    assert Prompts().apply("{text}", "document") == "{text}"


def test_prompts_of_sentence_transformers(tmp_path: Path) -> None:
    """`encode_query` uses `query`; `encode_document` the first of document, passage, corpus."""
    folder = text_encoders.build("bert", tmp_path)
    with pytest.raises(ModelError, match="has no prompts for queries and documents"):
        load(folder, checkpoint_prompts=True)
    prompts = {"query": "two dogs: ", "corpus": "no", "passage": "a cat: ", "document": ""}
    content = {"prompts": prompts, "default_prompt_name": None}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(content))
    plain, own = load(folder), load(folder, checkpoint_prompts=True)
    for role, text in (("query", "two dogs: snow"), ("document", "a cat: snow")):
        found = own.embed(["snow"], "text", role)
        assert np.array_equal(found, plain.embed([text], "text", role))
    other = load(folder, checkpoint_prompts=True, query_prompt="")
    assert np.array_equal(
        other.embed(["snow"], "text", "query"), plain.embed(["snow"], "text", "query")
    )

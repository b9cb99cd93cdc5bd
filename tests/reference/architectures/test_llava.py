"""The reference LLaVA against its definition: places of images, labels, caches, batches, chance."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from mmbench.reference.architectures.clip import ImageViT
from mmbench.reference.architectures.language import UNLEARNT, LanguageModel
from mmbench.reference.architectures.layers import Cache
from mmbench.reference.architectures.llava import Config, LLaVA
from mmbench.reference.tokens.sampling import TokenSampler, greedy
from mmbench.reference.tokens.turns import (
    ASSISTANT,
    IMAGE,
    USER,
    encode_prompt,
    encode_turns,
    vocabulary,
)
from mmbench.reference.tokens.words import END, START, UNKNOWN
from mmbench.types import Message
from tests.support.networks import lively, parameter_count
from tests.support.training import descend

TINY = Config(
    vocabulary=30,
    context=40,
    width=32,
    layers=2,
    heads=4,
    image_size=16,
    patch=8,
    image_width=24,
    image_layers=2,
    image_heads=2,
)


def tiny(config: Config = TINY) -> LLaVA:
    """Random weights, the embedding large enough that what is written is not one word forever."""
    torch.manual_seed(0)
    model = LLaVA(config).eval()
    nn.init.normal_(model.language.tokens.weight, std=0.4)
    return model


def pixels(n: int) -> Tensor:
    return torch.randn(n, 3, 16, 16, generator=Generator().manual_seed(1))


def asked(n: int, words: int = 3) -> Tensor:
    """Rows of one length: an image of four patches between words."""
    said = torch.randint(7, 30, (n, words), generator=Generator().manual_seed(2))
    ids = [[START, USER, row[0], *[IMAGE] * 4, *row[1:], ASSISTANT] for row in said.tolist()]
    return torch.tensor(ids)


# --- conversations as ids -----------------------------------------------------------------------

WORDS = vocabulary(["what colour is the star? red and blue."])


def ids_of(*words: str) -> list[int]:
    return [WORDS.words.index(word) for word in words]


def test_a_conversation_and_what_of_it_is_learnt() -> None:
    picture = object()
    turns = [
        Message("system", ("The star.",)),
        Message("user", ("what is", picture, "?")),
        Message("assistant", ("Red.",)),
        Message("user", ("the colour",)),
        Message("assistant", ("blue and", picture, "green")),
    ]
    ids, learnt = encode_turns(turns, WORDS, places=2)
    expected: list[tuple[str, bool]] = [
        *(("<start>", False), ("the", False), ("star", False), (".", False)),
        *(("<user>", False), ("what", False), ("is", False)),
        *(("<image>", False), ("<image>", False), ("?", False)),
        *(("<assistant>", False), ("red", True), (".", True), ("<end>", True)),
        *(("<user>", False), ("the", False), ("colour", False)),
        *(("<assistant>", False), ("blue", True), ("and", True)),
        *(("<image>", False), ("<image>", False), ("<unk>", True), ("<end>", True)),
    ]
    assert [(WORDS.words[i], one) for i, one in zip(ids, learnt, strict=True)] == expected


def test_a_question_ends_where_the_assistant_begins() -> None:
    turns = [Message("user", ("what",))]
    assert encode_prompt(turns, WORDS, 4) == [START, USER, *ids_of("what"), ASSISTANT]
    told = [*turns, Message("assistant", ("red",))]
    assert encode_turns(told, WORDS, 4)[0] == [*encode_prompt(turns, WORDS, 4), *ids_of("red"), END]


def test_typed_marks_are_punctuation_and_no_tokens() -> None:
    ids, _ = encode_turns([Message("user", ("<image> <end> </s>",))], WORDS, 4)
    assert ids == [START, USER, *[UNKNOWN] * 10]


def test_words_come_back_as_text() -> None:
    ids = ids_of("what", "?", "<end>", "red", "<image>", "and", "blue", ".", "<unk>")
    assert WORDS.text(ids) == "what? red and blue."
    assert WORDS.text(WORDS.ids("The star? Red.")) == "the star? red."


# --- images in the text -------------------------------------------------------------------------


def test_features_take_the_place_of_the_image_token() -> None:
    model, ids, images = tiny(), asked(2), pixels(2)
    x = model.embed_ids(ids, images)
    for row in range(2):
        features = model.projector(model.vision.grid(images[row : row + 1]))[0]
        words = model.language.tokens(ids[row])
        expected = torch.cat([words[:3], features, words[7:]])
        torch.testing.assert_close(x[row], expected)


def test_features_are_those_of_the_patches_before_the_last_block() -> None:
    model, images = tiny().vision, pixels(3)
    x = model.patches(images).flatten(2).transpose(1, 2)
    x = torch.cat([model.class_token.expand(3, 1, -1), x], dim=1) + model.positions
    expected = model.blocks[0](model.norm_in(x))[:, 1:]
    torch.testing.assert_close(model.grid(images), expected)
    assert model.grid(images).shape == (3, TINY.places, TINY.image_width)


def test_several_images_in_their_order_and_none() -> None:
    model, images = tiny(), pixels(3)
    ids = torch.tensor([[START, *[IMAGE] * 8, 9], [START, 9, 9, 9, 9, 9, *[IMAGE] * 4]])
    x, features = model.embed_ids(ids, images), model.projector(model.vision.grid(images))
    torch.testing.assert_close(x[0, 1:9], features[:2].flatten(0, 1))
    torch.testing.assert_close(x[1, 6:], features[2])
    words = torch.tensor([[START, 9]])
    torch.testing.assert_close(
        model.embed_ids(words, pixels(0)), model.language.tokens(words), rtol=0, atol=0
    )


@pytest.mark.parametrize("images", [0, 1, 3])
def test_places_and_images_must_agree(images: int) -> None:
    with pytest.raises(ValueError, match=f"8 tokens IMAGE for {images} images of 4"):
        tiny().embed_ids(asked(2), pixels(images))


def test_what_comes_later_changes_nothing_before() -> None:
    model, ids = tiny(), asked(1, words=9)
    other = ids.clone()
    other[0, 10:] = 8
    ours, theirs = (model.language(model.embed_ids(i, pixels(1))) for i in (ids, other))
    torch.testing.assert_close(ours[:, :10], theirs[:, :10])
    assert not torch.allclose(ours[:, 10], theirs[:, 10], atol=1e-3)


def test_the_image_is_seen() -> None:
    model, ids = tiny(), asked(1)
    ours, theirs = (model.language(model.embed_ids(ids, x)) for x in (pixels(1), -pixels(1)))
    torch.testing.assert_close(ours[:, :3], theirs[:, :3])
    assert not torch.allclose(ours[:, -1], theirs[:, -1], atol=1e-3)


# --- loss ---------------------------------------------------------------------------------------


def labelled() -> tuple[Tensor, Tensor, Tensor]:
    """Two rows, the second padded at the right; what is learnt stands behind the question."""
    ids = torch.cat([asked(2), torch.tensor([[11, 12, END], [13, END, 0]])], dim=1)
    labels = torch.full_like(ids, UNLEARNT)
    labels[:, -3:] = ids[:, -3:]
    labels[1, -1] = UNLEARNT
    return ids, labels, pixels(2)


def test_loss_written_out() -> None:
    model, (ids, labels, images) = tiny(), labelled()
    logits = model.language.head(model.language(model.embed_ids(ids, images)))
    losses = [
        -logits[row, at - 1].log_softmax(-1)[ids[row, at]]
        for row, at in ((0, -3), (0, -2), (0, -1), (1, -3), (1, -2))
    ]
    torch.testing.assert_close(model(ids, labels, images), sum(losses) / 5)


def test_what_is_given_is_not_learnt() -> None:
    """No gradient reaches the logits of the question's words, the image's places, the padding."""
    model, (ids, labels, images) = tiny(), labelled()
    logits: list[Tensor] = []
    head = model.language.head
    model.language.head = lambda x: logits.append(head(x)) or logits[-1]  # type: ignore[method-assign]
    model(ids, labels, images)
    assert [len(each) for each in logits] == [5]


def test_padding_changes_nothing() -> None:
    model, (ids, labels, images) = tiny(), labelled()
    wide, more = F.pad(ids, (0, 5)), F.pad(labels, (0, 5), value=UNLEARNT)
    torch.testing.assert_close(model(wide, more, images), model(ids, labels, images))


def test_a_few_steps_lower_the_loss_and_reach_every_weight_that_counts() -> None:
    model, batch = tiny(), labelled()
    losses = descend(model, lambda: model(*batch), steps=10)
    assert losses[-1] < losses[0] - 0.1
    unused = {name for name, weight in model.named_parameters() if weight.grad is None}
    assert all(name.startswith(("vision.blocks.1.", "vision.norm_out")) for name in unused)


def test_likelihoods_are_sums_of_log_probabilities() -> None:
    model, (ids, labels, images) = tiny(), labelled()
    together = model.log_likelihoods(ids, labels, images)
    for row, tokens in ((0, 3), (1, 2)):
        end = ids.shape[1] - (row == 1)  # without the padding
        one = slice(row, row + 1)
        alone = float(model(ids[one, :end], labels[one, :end], images[one]).detach())
        assert float(together[row]) == pytest.approx(-alone * tokens, rel=1e-5)


# --- writing ------------------------------------------------------------------------------------


def slowly(model: LLaVA, ids: Tensor, images: Tensor, most: int) -> list[int]:
    """One row, everything computed again for each token."""
    said: list[int] = []
    while len(said) < most and END not in said:
        row = torch.cat([ids, torch.tensor([said], dtype=torch.long)], dim=1)
        logits = model.language.head(model.language(model.embed_ids(row, images)))
        said.append(int(logits[0, -1].argmax()))
    return said


def test_with_a_cache_or_without_in_a_batch_or_alone_it_writes_the_same() -> None:
    model, ids, images = lively(tiny()), asked(12), pixels(12)
    together = model.write(ids, images, 20)
    for row in range(12):
        one = slice(row, row + 1)
        assert together[row] == slowly(model, ids[one], images[one], 20)
        assert model.write(ids[one], images[one], 20) == [together[row]]
    lengths = {len(said) for said in together}
    assert len(lengths) > 2, "rows that stop at several steps are what is tested"
    assert all((said[-1] == END) or len(said) == 20 for said in together)
    assert all(END not in said[:-1] for said in together)
    assert len({tuple(said) for said in together}) > 4


def test_writing_stops_at_the_limit_and_at_the_end_of_the_context() -> None:
    model = tiny()
    with torch.no_grad():
        model.language.tokens.weight[END] = 0
    ids, images = asked(2), pixels(2)
    assert [len(said) for said in model.write(ids, images, 5)] == [5, 5]
    assert [len(said) for said in model.write(ids, images, 99)] == [40 - ids.shape[1]] * 2
    assert model.write(ids, images, 0) == [[], []]


def test_a_cache_goes_on_with_the_rows_that_are_kept() -> None:
    cache = Cache()
    k, v = torch.randn(3, 2, 4, 5), torch.randn(3, 2, 4, 5)
    cache.extend(k, v)
    assert cache.length == 4
    cache.select_rows(torch.tensor([0, 1, 2]))
    assert cache.seen is not None and cache.seen[0] is k
    cache.select_rows(torch.tensor([0, 2]))
    more = cache.extend(k[:2, :, :1], v[:2, :, :1])
    torch.testing.assert_close(more[0][:, :, :4], k[[0, 2]])
    assert cache.length == 5


# --- chance -------------------------------------------------------------------------------------


def chances(n: int) -> list[Generator]:
    return [Generator().manual_seed(5) for _ in range(n)]


def test_tokens_are_drawn_as_often_as_their_probability_says() -> None:
    logits = torch.tensor([0.0, 1.0, 2.0, -9.0])
    draw, n = TokenSampler(2.0, 1.0, [Generator().manual_seed(0)]), 4000
    counts = torch.bincount(torch.cat([draw(logits[None], [0]) for _ in range(n)]), minlength=4)
    torch.testing.assert_close(counts / n, (logits / 2).softmax(-1), atol=0.03, rtol=0)


@pytest.mark.parametrize(
    ("top_p", "left"), [(0.0, {0}), (0.5, {0}), (0.6, {0, 1}), (1.0, {0, 1, 2})]
)
def test_the_nucleus_is_the_fewest_tokens_that_add_up_to_top_p(
    top_p: float, left: set[int]
) -> None:
    logits = torch.tensor([[0.5, 0.3, 0.2]]).log()
    draw = TokenSampler(1.0, top_p, [Generator().manual_seed(0)])
    assert {int(draw(logits, [0])) for _ in range(100)} == left


def test_a_row_is_drawn_by_its_own_generator() -> None:
    logits = torch.randn(6, 30, generator=Generator().manual_seed(0))
    together = TokenSampler(1.0, 0.9, chances(6))(logits, range(6))
    alone = [TokenSampler(1.0, 0.9, chances(6))(logits[i : i + 1], [i]) for i in range(6)]
    assert together.tolist() == [int(each) for each in alone]


def test_drawn_texts_do_not_depend_on_the_batch() -> None:
    model, ids, images = lively(tiny()), asked(5), pixels(5)
    together = model.write(ids, images, 12, TokenSampler(1.0, 0.9, chances(5)))
    for row in range(5):
        one = slice(row, row + 1)
        alone = model.write(ids[one], images[one], 12, TokenSampler(1.0, 0.9, chances(1)))
        assert alone == [together[row]]
    assert together != model.write(ids, images, 12)


def test_the_likeliest_of_equal_ones_is_the_first() -> None:
    assert greedy(torch.tensor([[0.0, 2.0, 2.0]]), [0]).tolist() == [1]


# --- sizes --------------------------------------------------------------------------------------


def test_paper_size_has_the_published_number_of_weights() -> None:
    """llava-hf/llava-1.5-7b-hf has 7,063,427,072 weights.

    They are CLIP ViT-L/14-336's vision model, the projector, and Llama 2 7B with 32,064 words, for
    which the sum follows from config.json of the three. The tower and the projector are the same.
    """
    with torch.device("meta"):
        model = LLaVA(Config.paper_size())
    c, inner = Config.paper_size(), 11008
    assert parameter_count(model.vision) == 303_507_456
    assert parameter_count(model.projector) == (1024 + 1) * 4096 + (4096 + 1) * 4096 == 20_979_712
    llama = 2 * c.vocabulary * c.width + c.width
    llama += c.layers * (4 * c.width**2 + 3 * c.width * inner + 2 * c.width)
    assert llama + 303_507_456 + 20_979_712 == 7_063_427_072
    # No head of its own; of a block, two matrices of 4 × width for three of `inner`; biases, and
    # those of the norms.
    ours = llama - c.vocabulary * c.width + c.width
    mlp = 2 * c.width * 4 * c.width - 3 * c.width * inner
    ours += c.layers * (mlp + (4 + 4 + 1) * c.width + 2 * c.width)
    assert parameter_count(model.language) == ours
    assert ours == pytest.approx(llama, rel=0.025)
    ids = torch.full((2, 700), IMAGE, device="meta")
    assert model.config.places == 576
    assert model.language(model.language.tokens(ids)).shape == (2, 700, 4096)


def test_the_small_size() -> None:
    model = LLaVA(Config(120))
    assert model.config.places == 16
    assert parameter_count(model) * 2 < 8e6, "the file of a shipped checkpoint, in float16"
    assert isinstance(model.vision, ImageViT)
    assert isinstance(model.language, LanguageModel)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"heads": 3}, "heads 3 does not divide width 32"),
        ({"heads": 0}, "heads 0 does not divide"),
        (
            {"heads": 32},
            "heads 32 divide width 32 into parts of 1, but rotary positions need an even",
        ),
        ({"patch": 7}, "patch 7 does not divide image_size"),
        ({"image_heads": 5}, "image_heads 5 does not divide image_width"),
        ({"context": 4}, "an image of 4 tokens does not fit into a context of 4"),
    ],
)
def test_a_config_that_cannot_be_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(TINY, **wrong)

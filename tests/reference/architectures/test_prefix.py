"""The reference ClipCap against its definition: the paper's size, one vector, a prefix in place."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Generator, Tensor, nn

from mmbench.reference.architectures.language import UNLEARNT
from mmbench.reference.architectures.prefix import Config, Prefix
from mmbench.reference.tokens.turns import ASSISTANT, IMAGE, USER
from mmbench.reference.tokens.words import END, START
from tests.support.networks import parameter_count
from tests.support.training import descend

TINY = Config(
    vocabulary=30,
    context=30,
    width=16,
    layers=2,
    heads=4,
    image_size=16,
    patch=8,
    image_width=24,
    image_layers=2,
    image_heads=2,
    embedding=10,
    prefix=3,
)


def tiny() -> Prefix:
    torch.manual_seed(0)
    model = Prefix(TINY).eval()
    nn.init.normal_(model.language.tokens.weight, std=0.4)
    with torch.no_grad():
        model.language.tokens.weight[IMAGE] = 0  # no text is one, so that none may be written
    return model


def pixels(n: int) -> Tensor:
    return torch.randn(n, 3, 16, 16, generator=Generator().manual_seed(1))


def asked(n: int) -> Tensor:
    """Rows of one length: an image of three tokens between words."""
    said = torch.randint(7, 30, (n, 2), generator=Generator().manual_seed(2))
    return torch.tensor([[START, USER, a, *[IMAGE] * 3, b, ASSISTANT] for a, b in said.tolist()])


def test_paper_size_is_that_of_the_paper() -> None:
    """GPT-2 has 124,439,808 weights, CLIP ViT-B/32's image tower 87,849,216 with its projection.

    GPT-2's include 1,024 learned positions, where ours are rotary.
    The MLP has two layers from 512 by 3,840 to 10 x 768: with GPT-2, the 156 M of table 1.
    """
    with torch.device("meta"):
        model = Prefix(Config.paper_size())
        seen = model.project_images(torch.empty(2, 3, 224, 224))
        ids = torch.full((2, 30), 9, dtype=torch.long)
        features = model.language(model.language.tokens(ids))
    language = parameter_count(model.language) + 1024 * 768
    assert language == 124_439_808
    assert parameter_count(model.vision) + parameter_count(model.image_projection) == 87_849_216
    assert parameter_count(model.projector) == 513 * 3840 + 3841 * 7680
    assert round((language + parameter_count(model.projector)) / 1e6) == 156
    assert (seen.shape, features.shape) == ((2, 10, 768), (2, 30, 768))


def test_a_shipped_checkpoint_is_small() -> None:
    assert parameter_count(Prefix(Config(120))) * 2 < 8e6, "bytes in float16"


def test_one_vector_of_clip_becomes_the_prefix() -> None:
    model, images = tiny(), pixels(2)
    vectors = model.image_projection(model.vision(images))
    first, _, second = model.projector
    mapped = second(torch.tanh(first(vectors)))
    assert first.weight.shape == (24, 10)
    torch.testing.assert_close(model.project_images(images), mapped.reshape(2, 3, 16))


def test_the_prefix_stands_where_the_image_stood() -> None:
    model, ids, images = tiny(), asked(2), pixels(2)
    x = model.embed_ids(ids, images)
    torch.testing.assert_close(x[:, 3:6], model.project_images(images))
    words = [0, 1, 2, 6, 7]
    torch.testing.assert_close(x[:, words], model.language.tokens(ids[:, words]))
    with pytest.raises(ValueError, match="6 tokens IMAGE for 1 images of 3"):
        model.embed_ids(ids, images[:1])


def test_in_a_batch_or_alone_it_writes_the_same_and_what_it_rates_likeliest() -> None:
    model, ids, images = tiny(), asked(6), pixels(6)
    together = model.write(ids, images, 5)
    assert len({tuple(row) for row in together}) > 2
    for row in range(6):
        one = slice(row, row + 1)
        assert model.write(ids[one], images[one], 5) == [together[row]]
        rated = {}
        for token in sorted(set(range(30)) - {IMAGE}):
            whole = torch.cat([ids[one], torch.tensor([[token]])], 1)
            labels = torch.where(torch.arange(whole.shape[1]) < ids.shape[1], UNLEARNT, whole)
            rated[token] = float(model.log_likelihoods(whole, labels, images[one]))
        assert max(rated, key=rated.__getitem__) == together[row][0]
        assert 0.8 < sum(map(math.exp, rated.values())) < 1, "the rest is that of an image"


def test_a_few_steps_lower_the_loss_through_every_weight() -> None:
    model = tiny().train()
    ids = torch.cat([asked(4), torch.full((4, 1), 9), torch.full((4, 1), END)], 1)
    labels = torch.where(torch.arange(10) < 8, UNLEARNT, ids)
    first = model(ids, labels, pixels(4))
    first.backward()
    unreached = [n for n, w in model.named_parameters() if w.grad is None or not w.grad.any()]
    assert unreached == []
    losses = descend(model, lambda: model(ids, labels, pixels(4)), steps=10, rate=3e-3)
    assert losses[-1] < first.item() / 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"heads": 3}, "heads 3 does not divide width 16"),
        ({"prefix": 0}, "an image of 0 tokens does not fit into a context of 30"),
        ({"prefix": 30}, "an image of 30 tokens does not fit into a context of 30"),
        ({"patch": 5}, "patch 5 does not divide image_size"),
    ],
)
def test_a_config_that_cannot_be_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(TINY, **wrong)

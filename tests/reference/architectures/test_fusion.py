"""The reference fusion classifiers: sizes, the three ways written out, what reaches what."""

from dataclasses import asdict, replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mmbench.reference.architectures.fusion import Config, Fusion, FusionType
from mmbench.reference.architectures.mel import Mel
from mmbench.reference.architectures.positions import sinusoids
from mmbench.reference.checkpoints.families import TrainedFusion
from mmbench.reference.checkpoints.trained_model import build_config
from mmbench.reference.tokens.words import END, PAD, SPECIAL, START, Words
from tests.support.networks import parameter_count

WAYS: tuple[FusionType, ...] = ("early", "late", "hybrid")
TINY = Config(9, 4, 3, "early", 16, 2, 2, 16, 8, Mel(8000, 128, 128, 16), (4, 8), 8)


def tiny(fusion: FusionType) -> Fusion:
    torch.manual_seed(0)
    return Fusion(replace(TINY, fusion=fusion)).eval()


def inputs(n: int = 3, frames: int = 21) -> tuple[Tensor, Tensor, Tensor]:
    chance = torch.Generator().manual_seed(1)
    texts = [[START, 5, END, PAD], [START, 6, 7, END], [START, 8, END, PAD]][:n]
    images = torch.randn(n, 3, 16, 16, generator=chance)
    return images, torch.randn(n, frames, 16, generator=chance), torch.tensor(texts)


# --- the size of the paper ----------------------------------------------------------------------


def block(width: int) -> int:
    """Two norms; queries, keys, values and output; an MLP four times as wide; all with biases."""
    return (
        2 * 2 * width + 4 * (width + 1) * width + (width + 1) * 4 * width + (4 * width + 1) * width
    )


@pytest.mark.parametrize("fusion", WAYS)
def test_paper_size(fusion: FusionType) -> None:
    """ViT-B/16's patches, BERT base's words, CNN14's convolutions, and twelve layers of 768."""
    c, width = Config.paper_size(fusion), 768
    with torch.device("meta"):
        model = Fusion(c)
        images, mel = torch.empty(2, 3, 224, 224), torch.empty(2, 1000, 64)
        logits = model(images, mel, torch.ones(2, 9, dtype=torch.long))
        told = model.value_logits(model.features(images, mel, torch.ones(2, 9, dtype=torch.long)))
    assert (logits.shape, told.shape) == ((2, 1000), (2, 3, 1000))
    stems = 3 * 16 * 16 * width + width + 197 * width + 4 * width  # patches, class, places, norms
    stems += 30522 * width + 512 * width + 2 * width  # words, places, norm
    ends = (1, 64, 128, 256, 512, 1024, 768)
    stems += sum(9 * a * b + 9 * b * b + 4 * b for a, b in pairwise(ends))
    stems += 2 * 64 + (width + 1) * width  # gain and shift of the bands, and what follows the mean
    joint = width + 3 * width + 2 * width  # class, kinds, norm
    depth = {"early": 12, "late": 3 * 12, "hybrid": 3 * 6 + 6}[fusion]
    heads = {"early": 1, "late": 3, "hybrid": 4}[fusion] + 3  # and what each tells
    expected = stems + depth * block(width) + heads * (width + 1) * 1000
    assert parameter_count(model) == expected + (joint if fusion != "late" else 0)


def test_a_shipped_checkpoint_is_small() -> None:
    assert parameter_count(Fusion(Config(60, 4, 3))) * 2 < 2e6, "bytes in float16"


# --- the three ways, written out ----------------------------------------------------------------


def test_late_is_the_mean_of_three_classifiers_that_see_one_input_each() -> None:
    model = tiny("late")
    images, mel, tokens = inputs()
    towers = (model.image(images), model.audio(mel), model.text(tokens))
    each = [
        F.linear(x, head.weight, head.bias) for x, head in zip(towers, model.heads, strict=True)
    ]
    torch.testing.assert_close(model(images, mel, tokens), sum(each) / 3)


def test_a_late_fusion_is_a_sum() -> None:
    """Changing the image changes the logits by the same, whatever is heard and read."""
    model = tiny("late")
    images, mel, tokens = inputs()
    change = model(images.flip(0), mel, tokens) - model(images, mel, tokens)
    other = model(images.flip(0), mel.flip(0), tokens.flip(0)) - model(
        images, mel.flip(0), tokens.flip(0)
    )
    torch.testing.assert_close(change, other, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("fusion", ["early", "hybrid"])
def test_the_others_are_not(fusion: FusionType) -> None:
    model = tiny(fusion)
    images, mel, tokens = inputs()
    change = model(images.flip(0), mel, tokens) - model(images, mel, tokens)
    other = model(images.flip(0), mel.flip(0), tokens.flip(0)) - model(
        images, mel.flip(0), tokens.flip(0)
    )
    assert (change - other).abs().max() > 1e-3


def test_hybrid_adds_what_is_joined_to_what_each_says() -> None:
    model = tiny("hybrid")
    images, mel, tokens = inputs()
    vectors = [model.image(images), model.audio(mel), model.text(tokens)]
    each = [head(x) for x, head in zip(vectors, model.heads, strict=True)]
    x = torch.stack([v + kind for v, kind in zip(vectors, model.joint.kinds, strict=True)], 1)
    x = torch.cat([model.joint.class_token.expand(3, 1, -1), x], 1)
    for one in model.joint.blocks:
        x = one(x)
    expected = sum(each) / 3 + model.head(model.joint.norm_out(x)[:, 0])
    torch.testing.assert_close(model(images, mel, tokens), expected)
    assert (len(model.image.blocks), len(model.joint.blocks)) == (1, 1)


def test_early_joins_patches_frames_and_words_before_the_first_layer() -> None:
    """One row at a time, without its padding, block by block."""
    model = tiny("early")
    images, mel, tokens = inputs()
    assert len(model.image.blocks) == len(model.audio.blocks) == len(model.text.blocks) == 0
    rows = []
    for row in range(3):
        ids = tokens[row][tokens[row] != PAD]
        patches = model.image.patches(images[row : row + 1]).flatten(2).transpose(1, 2)[0]
        seen = torch.cat([model.image.class_token[None], patches]) + model.image.positions
        seen = model.image.norm_out(model.image.norm_in(seen))
        frames = model.audio.out(model.audio.frames(mel[row : row + 1])[0])
        frames = frames + sinusoids(*frames.shape)
        words = model.text.norm_out(model.text.tokens(ids) + model.text.positions[: len(ids)])
        parts = [p + k for p, k in zip((seen, frames, words), model.joint.kinds, strict=True)]
        x = torch.cat([model.joint.class_token[None], *parts])[None]
        for one in model.joint.blocks:
            x = one(x)
        rows.append(model.head(model.joint.norm_out(x)[0, 0]))
    torch.testing.assert_close(model(images, mel, tokens), torch.stack(rows))


# --- rows, and gradients ------------------------------------------------------------------------


@pytest.mark.parametrize("fusion", WAYS)
def test_a_row_depends_on_itself_alone_and_padding_changes_nothing(fusion: FusionType) -> None:
    model = tiny(fusion)
    images, mel, tokens = inputs()
    together = model(images, mel, F.pad(tokens, (0, 3), value=PAD))
    for row in range(3):
        ids = tokens[row][tokens[row] != PAD]
        alone = model(images[row : row + 1], mel[row : row + 1], ids[None])
        torch.testing.assert_close(together[row], alone[0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("fusion", WAYS)
def test_the_loss_reaches_every_weight_and_every_input(fusion: FusionType) -> None:
    model = tiny(fusion)
    images, mel, tokens = inputs()
    images.requires_grad_()
    mel.requires_grad_()
    features = model.features(images, mel, tokens)
    loss = model.class_logits(features).square().sum() + model.value_logits(features).square().sum()
    loss.backward()
    without = [name for name, weight in model.named_parameters() if not _moved(weight.grad)]
    assert without == []
    assert _moved(images.grad)
    assert _moved(mel.grad)


def _moved(gradient: Tensor | None) -> bool:
    return gradient is not None and bool(gradient.abs().sum() > 0)


# --- the config and the trained model ------------------------------------------------------------


def test_a_trained_model_comes_back_from_plain_values() -> None:
    words = Words([*SPECIAL, "a", "b", "c", "d", "e"])
    labels = ["none", "x", "y", "z"]
    checkpoint = TrainedFusion(tiny("hybrid"), tuple(labels), words)
    again = TrainedFusion.from_description(checkpoint.describe())
    assert again.model.config == replace(TINY, fusion="hybrid")
    assert build_config(Config, asdict(TINY)) == TINY
    assert (again.words.words, again.labels) == (words.words, tuple(labels))
    with pytest.raises(ValueError, match="3 labels, but its architecture has 4; write"):
        TrainedFusion.from_description({**checkpoint.describe(), "labels": labels[:3]})


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"fusion": "middle"}, "fusion 'middle' is not early, late or hybrid"),
        ({"heads": 3}, "heads 3 does not divide width 16"),
        ({"heads": 0}, "heads 0 does not divide"),
        ({"patch": 7}, "patch 7 does not divide image_size"),
        ({"mel": Mel(8000, 128, 128, 3)}, "3 bands are too few; the blocks need at least 4"),
    ],
)
def test_sizes_that_make_no_sense(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        replace(TINY, **wrong)

"""The reference AudioCLIP: published sizes, its parts written out, rows that stand alone."""

from dataclasses import asdict, replace
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mmbench.reference.architectures.audio import AudioCLIP, AudioEncoder, Config, ConvBlock
from mmbench.reference.architectures.clip import contrastive_loss
from mmbench.reference.architectures.mel import Mel
from mmbench.reference.architectures.positions import sinusoids
from mmbench.reference.checkpoints.families import TrainedAudio
from mmbench.reference.tokens.words import END, SPECIAL, START, Words
from mmbench.reference.training.family import find_family
from mmbench.reference.training.recipe import parse_recipe
from tests.support.networks import parameter_count
from tests.support.training import descend

TINY = Config(9, 5, Mel(8000, 128, 128, 16), (4, 8, 16), 1, 2, 12, 16, 1, 2, 6)


def tiny(config: Config = TINY) -> AudioCLIP:
    torch.manual_seed(0)
    return AudioCLIP(config).eval()


def sounds(n: int = 4, frames: int = 21) -> Tensor:
    return torch.randn(n, frames, 16, generator=torch.Generator().manual_seed(1))


def texts() -> Tensor:
    return torch.tensor([[START, 5, END, 0], [START, 6, 7, END], [START, 8, END, 0], [2, 4, 4, 3]])


# --- the size of the paper ----------------------------------------------------------------------


def test_paper_size_is_that_of_clap() -> None:
    """CNN14 and BERT base, as CLAP takes them (arXiv 2206.04769, section 3).

    CNN14 has 80,753,615 weights with its 527 classes (arXiv 1912.10211, table XII), BERT base
    109,482,240, of which 590,592 are its pooler and 1,536 its two segments: Text has neither.
    """
    config = Config.paper_size()
    with torch.device("meta"):
        model = AudioCLIP(config)
        vectors = model.encode_audio(torch.empty(2, 1000, 64))
        logits = model.classify(torch.empty(2, 1000, 64))
        said = model.encode_text(torch.ones(2, 9, dtype=torch.long))
    assert parameter_count(model.audio) + parameter_count(model.tags) == 80_753_615
    assert parameter_count(model.text) == 109_482_240 - 590_592 - 1_536
    assert vectors.shape == said.shape == (2, 1024)
    assert logits.shape == (2, 527)


# --- its parts ----------------------------------------------------------------------------------


def test_a_block_written_out() -> None:
    torch.manual_seed(0)
    block, x = ConvBlock(2, 4, 2), torch.randn(1, 2, 6, 5)
    for norm in (block.norm1, block.norm2):
        torch.nn.init.uniform_(norm.weight)
        torch.nn.init.uniform_(norm.bias)
    y = x
    for conv, norm in ((block.conv1, block.norm1), (block.conv2, block.norm2)):
        padded = F.pad(y, (1, 1, 1, 1))
        made = torch.zeros(1, 4, 6, 5)
        for t in range(6):
            for f in range(5):
                patch = padded[0, :, t : t + 3, f : f + 3]
                made[0, :, t, f] = (conv.weight * patch).sum((1, 2, 3))
        groups = made.view(4, -1)  # as many groups as channels
        made = (groups - groups.mean(1, keepdim=True)) / (groups.var(1, correction=0) + 1e-5)[
            :, None
        ].sqrt()
        y = (made * norm.weight[:, None] + norm.bias[:, None]).clamp(min=0).view(1, 4, 6, 5)
    pooled = y[:, :, :, :4].view(1, 4, 3, 2, 2, 2).mean((3, 5))
    torch.testing.assert_close(block(x), pooled, atol=1e-5, rtol=0)


def test_without_transformer_it_pools_as_panns_do() -> None:
    torch.manual_seed(0)
    audio, mel = AudioEncoder(replace(TINY, layers=0)), sounds()
    x = audio.convolutions((mel * audio.gain + audio.shift).unsqueeze(1))
    assert x.shape == (4, 16, 21 // 4, 16 // 4)
    x = x.mean(dim=3)
    expected = F.relu(audio.out(x.max(dim=2).values + x.mean(dim=2)))
    torch.testing.assert_close(audio(mel), expected)


def test_positions_written_out() -> None:
    found = sinusoids(5, 8)
    at, rate = torch.arange(5.0), 10000 ** (-1 / 3)
    torch.testing.assert_close(found[:, 1], (at * rate).sin())
    torch.testing.assert_close(found[:, 7], (at / 10000).cos())


def test_order_in_time_is_heard() -> None:
    model, mel = tiny(), sounds(1, 24)
    turned = torch.cat([mel[:, 12:], mel[:, :12]], dim=1)
    assert (model.encode_audio(mel) - model.encode_audio(turned)).abs().max() > 1e-3


def test_a_row_depends_on_itself_alone() -> None:
    model, mel = tiny().train(), sounds()
    for forward in (model.encode_audio, model.classify):
        alone = torch.cat([forward(mel[row : row + 1]) for row in range(4)])
        torch.testing.assert_close(forward(mel), alone, atol=1e-5, rtol=0)


def test_the_loss_is_that_of_pairs_and_that_of_tags() -> None:
    model, mel, tokens = tiny(), sounds(), texts()
    tags = (torch.arange(20).view(4, 5) % 3 == 0).float()
    p = model.classify(mel).sigmoid()
    named = -(tags * p.log() + (1 - tags) * (1 - p).log()).mean()
    pairs = contrastive_loss(model.encode_audio(mel), model.encode_text(tokens), model.scale())
    torch.testing.assert_close(model(mel, tokens, tags), pairs + named)


def test_the_temperature_stays_where_it_has_a_gradient() -> None:
    model = tiny()
    torch.nn.init.constant_(model.log_scale, 9.0)
    model.constrain()
    assert float(model.scale().detach()) == pytest.approx(100)


# --- configs and checkpoints --------------------------------------------------------------------


def test_a_config_comes_back_from_plain_values() -> None:
    described = TrainedAudio(tiny(), Words([*SPECIAL, *"abcde"]), tuple("vwxyz")).describe()
    again = TrainedAudio.from_description({**described, "architecture": asdict(TINY)})
    assert again.model.config == TINY
    with pytest.raises(ValueError, match="8 words, but its architecture has 9; write"):
        TrainedAudio.from_description({**described, "words": [*SPECIAL, *"abcd"]})


@pytest.mark.parametrize(
    ("wrong", "why"), [({"heads": 3}, "heads 3"), ({"widths": (2,) * 6}, "16 bands are too few")]
)
def test_sizes_that_make_no_sense(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        replace(TINY, **wrong)


# --- training -----------------------------------------------------------------------------------


def test_both_stages_learn() -> None:
    """A few steps on one batch bring both losses down, and the first leaves the text tower be."""
    small = {"widths": [4, 8, 16], "layers": 1, "text_width": 16, "text_heads": 2, "embedding": 8}
    stage = {"steps": 9, "batch": 4}
    recipe = parse_recipe(
        {
            "model": "audioclip-nano",
            "family": "audio",
            "architecture": {"mel": {"hop": 256}, "heads": 2, **small},
            "stages": [{"name": o, "objective": o, **stage} for o in ("tagging", "together")],
        },
        "small",
    )
    family = find_family(recipe)
    torch.manual_seed(0)
    checkpoint = family.fresh(recipe)
    for stage_of in recipe.stages:
        objective = family.objectives[stage_of.objective]
        batch = objective.batch(checkpoint, stage_of, 0, 1)
        loss = partial(objective.loss, checkpoint, batch)
        losses = descend(checkpoint.model, loss, steps=9, rate=1e-2)
        assert losses[-1] < 0.8 * losses[0]
        if stage_of.objective == "tagging":
            assert checkpoint.model.text.tokens.weight.grad is None

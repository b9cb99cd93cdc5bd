"""The reference speech recogniser: Whisper's encoder, masks that hide padding, CTC written out."""

import math
from dataclasses import replace
from functools import partial
from itertools import product

import pytest
import torch
from torch import Tensor

from mmbench.reference.architectures.mel import Mel
from mmbench.reference.architectures.positions import sinusoids
from mmbench.reference.architectures.speech import (
    BLANK,
    Config,
    Speech,
    SpeechEncoder,
    decode_labels,
    feature_lengths,
    length_mask,
)
from mmbench.reference.checkpoints.families import ALPHABET, TrainedSpeech
from mmbench.reference.training.family import find_family
from mmbench.reference.training.recipe import parse_recipe
from tests.support.training import descend

TINY = Config(5, Mel(8000, 128, 128, 12), 16, 2, 2)


def tiny() -> Speech:
    torch.manual_seed(0)
    return Speech(TINY).eval()


# --- Whisper's encoder --------------------------------------------------------------------------


def whisper(bands: int, width: int, layers: int, heads: int, frames: int):
    transformers = pytest.importorskip("transformers")
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    config = transformers.WhisperConfig(
        num_mel_bins=bands,
        d_model=width,
        encoder_layers=layers,
        encoder_attention_heads=heads,
        encoder_ffn_dim=4 * width,
        max_source_positions=frames // 2,
        attn_implementation="eager",
    )
    return WhisperEncoder(config).eval()


def mapped(theirs: dict[str, Tensor], layers: int, width: int) -> dict[str, Tensor]:
    """Weights of transformers' encoder under our names; its keys have no bias."""
    ours = {n: t for n, t in theirs.items() if n.startswith("conv")}
    names = {"self_attn_layer_norm": "norm1", "final_layer_norm": "norm2"}
    names |= {"fc1": "mlp.0", "fc2": "mlp.2", "self_attn.out_proj": "attention.out"}
    for end in ("weight", "bias"):
        ours[f"norm_out.{end}"] = theirs[f"layer_norm.{end}"]
        for i in range(layers):
            for name, new in names.items():
                ours[f"blocks.{i}.{new}.{end}"] = theirs[f"layers.{i}.{name}.{end}"]
            parts = [
                theirs.get(f"layers.{i}.self_attn.{p}_proj.{end}", torch.zeros(width))
                for p in "qkv"
            ]
            ours[f"blocks.{i}.attention.qkv.{end}"] = torch.cat(parts)
    return ours


def test_features_equal_those_of_transformers_with_the_same_weights() -> None:
    theirs, ours = whisper(12, 16, 2, 2, 40), tiny().encoder
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    with torch.no_grad():
        theirs.embed_positions.weight.copy_(sinusoids(20, 16))
        ours.load_state_dict(mapped(theirs.state_dict(), 2, 16))
        mel = torch.randn(3, 40, 12)
        expected = theirs(mel.transpose(1, 2)).last_hidden_state
        found = ours(mel, torch.tensor([40, 40, 40]))
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_paper_size_is_whisper_base() -> None:
    """20,590,592 weights with its 1,500 positions, which are no weights here; keys have no bias."""
    config = Config.paper_size()
    with torch.device("meta"):
        model, theirs = Speech(config), whisper(80, 512, 6, 8, 3000)
        logits = model(torch.empty(2, 3000, 80), torch.full((2,), 3000, device="meta"))
    ours = sum(weight.numel() for weight in model.encoder.parameters())
    published = sum(weight.numel() for weight in theirs.parameters())
    assert published == 20_590_592
    assert ours == published - 1500 * 512 + 6 * 512
    assert logits.shape == (2, 1500, 32)


# --- padding ------------------------------------------------------------------------------------


@pytest.mark.parametrize("frames", [1, 2, 7, 20, 33])
def test_what_follows_a_sound_changes_nothing(frames: int) -> None:
    model, mel = tiny(), torch.randn(2, 33, 12)
    alone = model(mel[:1, :frames], torch.tensor([frames]))
    padded = model(mel, torch.tensor([frames, 33]))
    length = int(feature_lengths(torch.tensor(frames)))
    assert alone.shape[1] == length
    torch.testing.assert_close(padded[:1, :length], alone, atol=1e-5, rtol=0)


def test_places_within_lengths() -> None:
    assert length_mask(torch.tensor([1, 3]), 3).tolist() == [[True, False, False], [True] * 3]


# --- CTC ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ([], ""),
        ([0, 0], ""),
        ([1, 1, 2], "ab"),
        ([1, 0, 1], "aa"),
        ([0, 3, 3, 0, 0, 1, 2, 2, 0], "cab"),
    ],
)
def test_a_text_is_read_off_its_frames(labels: list[int], text: str) -> None:
    assert decode_labels(labels, "abc") == text


def test_the_loss_is_the_sum_over_all_ways_to_say_a_text() -> None:
    """Every path of five frames that reads off as the text, added up."""
    model, mel = tiny(), torch.randn(1, 9, 12)
    text = [1, 2, 2]
    p = model(mel, torch.tensor([9]))[0].softmax(-1).detach()
    ways = [path for path in product(range(5), repeat=5) if decode_labels(path, "abcd") == "abb"]
    likely = sum(math.prod(float(p[t, label]) for t, label in enumerate(path)) for path in ways)
    loss = model.loss(mel, torch.tensor([9]), torch.tensor([text]), torch.tensor([3]))
    assert float(loss.detach()) == pytest.approx(-math.log(likely) / 3, rel=1e-4)


def test_a_text_too_long_for_its_frames_teaches_nothing() -> None:
    model = tiny()
    loss = model.loss(
        torch.randn(1, 4, 12), torch.tensor([4]), torch.tensor([[1, 2, 3]]), torch.tensor([3])
    )
    loss.backward()
    assert float(loss.detach()) == 0
    assert all(bool((w.grad == 0).all()) for w in model.parameters() if w.grad is not None)


# --- configs and training -----------------------------------------------------------------------


def test_sizes_and_alphabets_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="heads 3 does not divide width 16"):
        replace(TINY, heads=3)
    described = TrainedSpeech(tiny(), "abcd").describe()
    assert TrainedSpeech.from_description(described).model.config == TINY
    with pytest.raises(ValueError, match="3 letters, but its architecture has 4; write"):
        TrainedSpeech.from_description({**described, "alphabet": "abc"})


def test_labels_are_letters_behind_the_blank() -> None:
    checkpoint = TrainedSpeech(Speech(Config(28)))
    labels = checkpoint.encode_letters("two six")
    assert BLANK not in labels
    assert "".join(ALPHABET[label - 1] for label in labels) == "two six"


@pytest.mark.slow
def test_it_learns() -> None:
    recipe = parse_recipe(
        {
            "model": "asr-nano",
            "family": "asr",
            "architecture": {"mel": {"hop": 160}, "width": 32, "layers": 1, "heads": 2},
            "stages": [{"name": "a", "objective": "ctc", "steps": 9, "batch": 4}],
        },
        "small",
    )
    family = find_family(recipe)
    torch.manual_seed(0)
    checkpoint = family.fresh(recipe)
    assert isinstance(checkpoint.model.encoder, SpeechEncoder)
    objective = family.objectives["ctc"]
    batch = objective.batch(checkpoint, recipe.stages[0], 0, 1)
    loss = partial(objective.loss, checkpoint, batch)
    losses = descend(checkpoint.model, loss, steps=12, rate=3e-3)
    assert losses[-1] < 0.6 * losses[0]

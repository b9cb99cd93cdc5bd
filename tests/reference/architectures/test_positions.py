"""Rotary positions against their definition and against the ones of transformers' Llama."""

import cmath

import pytest
import torch
from torch import Generator, nn

from mmbench.reference.architectures.language import LanguageModel
from mmbench.reference.architectures.layers import Attention
from mmbench.reference.architectures.positions import rotary_angles, rotate


def test_a_rotation_written_out() -> None:
    """Each pair of channels as a complex number, multiplied by e^(i · position · rate)."""
    x = torch.randn(1, 2, 5, 8, generator=Generator().manual_seed(0))
    at = torch.tensor([0, 1, 2, 7, 30])
    found = rotate(x, rotary_angles(at, 8))
    for place, position in enumerate(at.tolist()):
        for pair in range(4):
            turn = cmath.exp(1j * position * 10000 ** (-2 * pair / 8))
            for ours, old in zip(found[0, :, place], x[0, :, place], strict=True):
                expected = complex(old[pair], old[4 + pair]) * turn
                got = complex(ours[pair], ours[4 + pair])
                assert abs(got - expected) < 1e-5


def test_they_are_those_of_llama() -> None:
    from transformers import LlamaConfig
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding, apply_rotary_pos_emb

    q, k = torch.randn(2, 3, 4, 9, 16, generator=Generator().manual_seed(1))
    config = LlamaConfig(hidden_size=64, num_attention_heads=4)
    at = torch.arange(9)
    cos, sin = LlamaRotaryEmbedding(config)(q, at.expand(3, -1))
    theirs = apply_rotary_pos_emb(q, k, cos, sin)
    for vectors, expected in zip((q, k), theirs, strict=True):
        torch.testing.assert_close(rotate(vectors, rotary_angles(at, 16)), expected)


@pytest.mark.parametrize("start", [1, 50, 3000])
def test_what_two_are_to_each_other_depends_on_their_distance_alone(start: int) -> None:
    q, k = torch.randn(2, 1, 1, 1, 8, generator=Generator().manual_seed(2))
    products = [
        (
            rotate(q, rotary_angles(torch.tensor([at]), 8))
            * rotate(k, rotary_angles(torch.tensor([at + 3]), 8))
        ).sum()
        for at in (0, start)
    ]
    torch.testing.assert_close(*products, rtol=1e-3, atol=1e-3)


def test_attention_turns_queries_and_keys_but_not_values() -> None:
    torch.manual_seed(0)
    attention = Attention(16, 2, causal=True).eval()
    x, turn = torch.randn(1, 5, 16), rotary_angles(torch.arange(5), 8)
    q, k, v = attention.qkv(x).view(1, 5, 3, 2, 8).permute(2, 0, 3, 1, 4)
    weights = rotate(q, turn) @ rotate(k, turn).transpose(-1, -2) / 8**0.5
    weights = weights.masked_fill(~torch.ones(5, 5).tril().bool(), -torch.inf).softmax(-1)
    expected = attention.out((weights @ v).transpose(1, 2).reshape(1, 5, 16))
    torch.testing.assert_close(attention(x, rotation=turn), expected)


def test_the_order_of_words_counts() -> None:
    torch.manual_seed(0)
    model = LanguageModel(30, 32, 2, 4).eval()
    nn.init.normal_(model.tokens.weight, std=0.5)
    one, other = (model(model.tokens(torch.tensor([ids]))) for ids in ([5, 9, 6], [9, 5, 6]))
    assert not torch.allclose(one[:, -1], other[:, -1], atol=1e-3)

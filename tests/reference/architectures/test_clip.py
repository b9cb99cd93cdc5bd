"""The reference CLIP against transformers' with the same weights, and against its definition."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mmbench.reference.architectures.clip import CLIP, Config, contrastive_loss
from mmbench.reference.architectures.layers import Attention
from mmbench.reference.tokens.words import END, PAD, START
from tests.support.training import descend

TINY = Config(
    vocabulary=30,
    context=12,
    text_width=32,
    text_layers=2,
    text_heads=4,
    image_size=32,
    patch=8,
    image_width=48,
    image_layers=2,
    image_heads=4,
    embedding=24,
)
RESNET = replace(TINY, image_tower="resnet", image_layers=3)


def tiny(config: Config = TINY) -> CLIP:
    torch.manual_seed(0)
    return CLIP(config).eval()


def pairs(n: int = 5, config: Config = TINY) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(n, 3, config.image_size, config.image_size, generator=generator)
    tokens = torch.randint(4, config.vocabulary, (n, 9), generator=generator)
    tokens[:, 0] = START
    for row in range(n):
        tokens[row, 4 + row % 5] = END
    return images, tokens


# --- against transformers -----------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["gelu", "quick_gelu"])
def test_features_equal_those_of_transformers_with_the_same_weights(activation: str) -> None:
    transformers = pytest.importorskip("transformers")
    config = replace(TINY, activation=activation)
    reference = transformers.CLIPModel(reference_config(transformers, config)).eval()
    ours = tiny(config)
    ours.load_state_dict(mapped(reference.state_dict(), config))
    images, tokens = pairs()
    with torch.inference_mode():
        theirs = reference(input_ids=tokens, pixel_values=images)
        torch.testing.assert_close(
            ours.encode_image(images), theirs.image_embeds, atol=1e-5, rtol=0
        )
        torch.testing.assert_close(ours.encode_text(tokens), theirs.text_embeds, atol=1e-5, rtol=0)


def reference_config(transformers, c: Config):
    text = {
        "vocab_size": c.vocabulary,
        "hidden_size": c.text_width,
        "intermediate_size": 4 * c.text_width,
        "num_hidden_layers": c.text_layers,
        "num_attention_heads": c.text_heads,
        "max_position_embeddings": c.context,
        "hidden_act": c.activation,
        "bos_token_id": START,
        "eos_token_id": END,
        "pad_token_id": PAD,
    }
    vision = {
        "hidden_size": c.image_width,
        "intermediate_size": 4 * c.image_width,
        "num_hidden_layers": c.image_layers,
        "num_attention_heads": c.image_heads,
        "image_size": c.image_size,
        "patch_size": c.patch,
        "hidden_act": c.activation,
    }
    return transformers.CLIPConfig(
        text_config=text, vision_config=vision, projection_dim=c.embedding
    )


def mapped(theirs: dict[str, Tensor], c: Config) -> dict[str, Tensor]:
    """Weights of transformers' CLIPModel under our names; query, key and value as one matrix."""
    ours = {
        "log_scale": theirs["logit_scale"],
        "image_projection.weight": theirs["visual_projection.weight"],
        "text_projection.weight": theirs["text_projection.weight"],
        "text.tokens.weight": theirs["text_model.embeddings.token_embedding.weight"],
        "text.positions": theirs["text_model.embeddings.position_embedding.weight"],
        "image.class_token": theirs["vision_model.embeddings.class_embedding"],
        "image.patches.weight": theirs["vision_model.embeddings.patch_embedding.weight"],
        "image.positions": theirs["vision_model.embeddings.position_embedding.weight"],
    }
    names = {"layer_norm1": "norm1", "layer_norm2": "norm2", "self_attn.out_proj": "attention.out"}
    names |= {"mlp.fc1": "mlp.0", "mlp.fc2": "mlp.2"}
    for end in ("weight", "bias"):
        ours[f"text.norm_out.{end}"] = theirs[f"text_model.final_layer_norm.{end}"]
        ours[f"image.norm_in.{end}"] = theirs[f"vision_model.pre_layrnorm.{end}"]
        ours[f"image.norm_out.{end}"] = theirs[f"vision_model.post_layernorm.{end}"]
        for tower, model, layers in (
            ("text", "text_model", c.text_layers),
            ("image", "vision_model", c.image_layers),
        ):
            for i in range(layers):
                layer, block = f"{model}.encoder.layers.{i}", f"{tower}.blocks.{i}"
                for name, new in names.items():
                    ours[f"{block}.{new}.{end}"] = theirs[f"{layer}.{name}.{end}"]
                ours[f"{block}.attention.qkv.{end}"] = torch.cat(
                    [theirs[f"{layer}.self_attn.{p}_proj.{end}"] for p in "qkv"]
                )
    return ours


# --- against the definition ---------------------------------------------------------------------


@pytest.mark.parametrize("causal", [False, True])
def test_attention_written_out(causal: bool) -> None:
    torch.manual_seed(0)
    attention, x = Attention(8, 2, causal), torch.randn(1, 5, 8)
    q, k, v = attention.qkv(x)[0].split(8, dim=-1)
    rows = []
    for t in range(5):
        heads = []
        for h in (slice(0, 4), slice(4, 8)):
            seen = range(t + 1) if causal else range(5)
            scores = torch.stack([q[t, h] @ k[s, h] / math.sqrt(4) for s in seen])
            weights = scores.exp() / scores.exp().sum()
            heads.append(sum(w * v[s, h] for w, s in zip(weights, seen, strict=True)))
        rows.append(torch.cat(heads))
    torch.testing.assert_close(attention(x)[0], attention.out(torch.stack(rows)))


def test_loss_written_out() -> None:
    generator = torch.Generator().manual_seed(0)
    images, texts = (F.normalize(torch.randn(4, 6, generator=generator)) for _ in range(2))
    scale, total = 7.0, 0.0
    for i in range(4):
        to_texts = [math.exp(scale * float(images[i] @ texts[j])) for j in range(4)]
        to_images = [math.exp(scale * float(images[j] @ texts[i])) for j in range(4)]
        total -= math.log(to_texts[i] / sum(to_texts)) + math.log(to_images[i] / sum(to_images))
    loss = contrastive_loss(images, texts, torch.tensor(scale))
    assert float(loss) == pytest.approx(total / 8, rel=1e-5)


def test_temperature_starts_at_007_and_is_clamped_at_001() -> None:
    model = tiny()
    assert model.scale().item() == pytest.approx(1 / 0.07)
    model.log_scale.data.fill_(9.0)
    assert model.scale().item() == pytest.approx(100)


def test_features_are_unit_vectors() -> None:
    model, (images, tokens) = tiny(), pairs()
    for features in (model.encode_image(images), model.encode_text(tokens)):
        torch.testing.assert_close(features.norm(dim=-1), torch.ones(5))


def test_what_follows_the_end_token_changes_nothing() -> None:
    model, (_, tokens) = tiny(), pairs()
    other = tokens.clone()
    for row in other:
        end = int((row == END).int().argmax())
        row[end + 1 :] = 17
    torch.testing.assert_close(model.encode_text(other), model.encode_text(tokens))
    before = tokens.clone()
    before[:, 1] = 17
    assert not torch.allclose(model.encode_text(before), model.encode_text(tokens), atol=1e-3)


def test_padding_changes_nothing() -> None:
    model, (_, tokens) = tiny(), pairs()
    padded = F.pad(tokens, (0, 3), value=PAD)
    torch.testing.assert_close(model.encode_text(padded), model.encode_text(tokens))


@pytest.mark.parametrize("config", [TINY, RESNET], ids=["vit", "resnet"])
def test_a_row_depends_on_itself_alone(config: Config) -> None:
    model, (images, _) = tiny(config), pairs()
    torch.testing.assert_close(model.encode_image(images[2:3]), model.encode_image(images)[2:3])


@pytest.mark.parametrize("config", [TINY, RESNET], ids=["vit", "resnet"])
def test_a_few_steps_lower_the_loss_and_reach_every_weight(config: Config) -> None:
    model, (images, tokens) = tiny(config), pairs()
    losses = descend(model, lambda: model(images, tokens), steps=10)
    assert all(p.grad is not None for p in model.parameters())
    assert losses[-1] < losses[0] - 0.1


@pytest.mark.parametrize(("patch", "millions"), [(32, 151.3), (16, 149.6)])
def test_paper_size_has_the_released_number_of_weights(patch: int, millions: float) -> None:
    # CLIP ViT-B/32 has 151,277,313 weights, ViT-B/16 149,620,737.
    with torch.device("meta"):
        model = CLIP(Config.paper_size(patch))
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(millions, abs=0.05)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"patch": 7}, "patch 7 does not divide image_size"),
        ({"patch": 0}, "patch 0 does not divide"),
        ({"text_heads": 3}, "text_heads 3 does not divide text_width"),
        ({"image_tower": "resnet", "image_size": 96, "patch": 24}, "not a power of two"),
        ({"image_tower": "swin"}, "not vit or resnet"),
        ({"activation": "relu"}, "not gelu or quick_gelu"),
    ],
)
def test_a_config_that_cannot_be_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(TINY, **wrong)

"""The reference video networks against published ones, and against their definitions."""

from dataclasses import replace
from itertools import product

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmbench.reference.architectures.clip import contrastive_loss
from mmbench.reference.architectures.video.baselines import ResNet, TwoStream
from mmbench.reference.architectures.video.masked import masked_loss, normalise_patches, split_cubes
from mmbench.reference.architectures.video.model import Video
from mmbench.reference.architectures.video.transformer import (
    Config,
    DividedBlock,
    JointBlock,
    VideoTransformer,
)
from mmbench.reference.tokens.words import END, START
from tests.support.networks import parameter_count
from tests.support.training import descend

TINY = Config(
    vocabulary=30,
    classes=5,
    frames=4,
    size=16,
    patch=8,
    tubelet=2,
    width=24,
    layers=2,
    heads=2,
    decoder_width=16,
    conv_width=4,
    context=12,
    text_width=16,
    text_layers=1,
    text_heads=2,
    embedding=12,
)
TOWERS = {
    "joint": TINY,
    "divided": replace(TINY, attention="divided"),
    "conv3d": replace(TINY, tower="conv3d"),
    "two streams": replace(TINY, tower="two_stream"),
}
each_tower = pytest.mark.parametrize("config", TOWERS.values(), ids=TOWERS)


def tiny(config: Config = TINY) -> Video:
    torch.manual_seed(0)
    return Video(config).eval()


def videos(n: int = 3, c: Config = TINY) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n, 3, c.frames, c.size, c.size, generator=generator)


def texts(n: int = 3) -> Tensor:
    tokens = torch.randint(4, 30, (n, 7), generator=torch.Generator().manual_seed(2))
    tokens[:, 0], tokens[:, -1] = START, END
    return tokens


# --- the published sizes ------------------------------------------------------------------------


@pytest.mark.parametrize(("attention", "millions"), [("divided", 121.4), ("joint", 85.9)])
def test_timesformer_has_its_published_size(attention: str, millions: float) -> None:
    """Of divided attention facebook/timesformer-base-finetuned-ssv2, 486 MB of float32 on the hub.

    Both are told of table 1 of arXiv 2102.05095 (not read: unverified); the head is SSv2's 174.
    """
    with torch.device("meta"):
        model = Video(replace(Config.paper_size(), attention=attention, classes=174))
        assert round(parameter_count(model.tower, model.head) / 1e6, 1) == millions
        video = torch.empty(2, 3, 8, 224, 224)
        features, patches = model.tower.encode(video)
        assert (features.shape, patches.shape) == ((2, 768), (2, 8, 196, 768))
        assert model.classify(video).shape == (2, 174)
        assert model.encode_video(video).shape == (2, 512)


def test_videomae_has_its_published_size() -> None:
    """MCG-NJU/videomae-base, 377 MB of float32 on the hub, whose positions are not learned."""
    with torch.device("meta"):
        config = replace(Config.paper_size(), attention="joint", frames=16, tubelet=2)
        model = Video(config)
        parts = *model.tower.named_parameters(), *model.decoder.named_parameters()
        learned = sum(weight.numel() for name, weight in parts if not name.endswith("positions"))
        assert round(learned / 1e6, 1) == 94.2
        assert round(4 * learned / 1e6) == 377
        assert config.grid == (8, 196)
        assert model.pretraining_loss(torch.empty(1, 3, 16, 224, 224), 0.9).shape == ()


def test_r3d_18_has_its_published_size() -> None:
    """33,371,472 with 400 classes: `num_params` of torchvision's R3D_18_Weights.KINETICS400_V1."""
    with torch.device("meta"):
        model = Video(Config.paper_size("conv3d"))
        assert parameter_count(model.tower, model.head) == 33_371_472
        x = model.tower.stem(torch.empty(1, 3, 16, 112, 112))
        assert x.shape == (1, 64, 16, 56, 56)
        assert model.tower.blocks(x).shape == (1, 512, 2, 7, 7)
        assert model.classify(torch.empty(2, 3, 16, 112, 112)).shape == (2, 400)


def test_each_stream_is_a_resnet_18() -> None:
    """11,689,512 with 1,000 classes: `num_params` of torchvision's ResNet18_Weights."""
    with torch.device("meta"):
        streams = Video(Config.paper_size("two_stream")).tower
        assert parameter_count(streams.appearance, nn.Linear(512, 1000)) == 11_689_512
        assert streams.motion.stem.weight.shape == (64, 45, 7, 7)
        assert streams(torch.empty(2, 3, 16, 112, 112)).shape == (2, 1024)


def test_features_equal_those_of_transformers_timesformer_with_the_same_weights() -> None:
    transformers = pytest.importorskip("transformers")
    c = replace(TOWERS["divided"], tubelet=1)
    theirs_config = transformers.TimesformerConfig(
        image_size=c.size,
        patch_size=c.patch,
        num_frames=c.frames,
        hidden_size=c.width,
        num_hidden_layers=c.layers,
        num_attention_heads=c.heads,
        intermediate_size=4 * c.width,
        layer_norm_eps=1e-5,
        attention_type="divided_space_time",
    )
    torch.manual_seed(3)
    theirs = transformers.TimesformerModel(theirs_config).eval()
    for weight in theirs.parameters():  # biases and the temporal layer are drawn as zero
        nn.init.normal_(weight, std=0.2)
    ours = VideoTransformer(c).eval()
    ours.load_state_dict(mapped(theirs.state_dict(), c))
    with torch.inference_mode():
        found = ours(videos(c=c))
        wanted = theirs(videos(c=c).transpose(1, 2)).last_hidden_state[:, 0]
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


def mapped(theirs: dict[str, Tensor], c: Config) -> dict[str, Tensor]:
    """Weights of transformers' TimesformerModel under our names."""
    positions = theirs["embeddings.position_embeddings"][0]
    ours = {
        "patches.weight": theirs["embeddings.patch_embeddings.projection.weight"][:, :, None],
        "patches.bias": theirs["embeddings.patch_embeddings.projection.bias"],
        "class_token": theirs["embeddings.cls_token"][0, 0],
        "class_positions": positions[0],
        "space_positions": positions[1:],
        "time_positions": theirs["embeddings.time_embeddings"][0],
        "norm_out.weight": theirs["layernorm.weight"],
        "norm_out.bias": theirs["layernorm.bias"],
    }
    names = {
        "norm1": "layernorm_before",
        "norm2": "layernorm_after",
        "norm_time": "temporal_layernorm",
        "attention.qkv": "attention.attention.qkv",
        "attention.out": "attention.output.dense",
        "time.qkv": "temporal_attention.attention.qkv",
        "time.out": "temporal_attention.output.dense",
        "time_out": "temporal_dense",
        "mlp.0": "intermediate.dense",
        "mlp.2": "output.dense",
    }
    for layer, (our, their), end in product(range(c.layers), names.items(), ("weight", "bias")):
        ours[f"blocks.{layer}.{our}.{end}"] = theirs[f"encoder.layer.{layer}.{their}.{end}"]
    return ours


# --- attention in space and time ----------------------------------------------------------------


def test_joint_attention_is_attention_over_all_tokens() -> None:
    torch.manual_seed(0)
    block = JointBlock(8, 2, False)
    token, patches = torch.randn(2, 1, 8), torch.randn(2, 3, 4, 8)
    found, seen = block.attend(token, patches)
    wanted = block(torch.cat([token, patches.reshape(2, 12, 8)], 1))
    torch.testing.assert_close(torch.cat([found, seen.reshape(2, 12, 8)], 1), wanted)


def test_divided_attention_sees_one_place_in_time_and_one_frame_in_space() -> None:
    """One layer: a patch is reached by its own line in time, and by the lines of its frame."""
    torch.manual_seed(0)
    block = DividedBlock(8, 2)
    token, patches = torch.randn(1, 1, 8), torch.randn(1, 3, 4, 8, requires_grad=True)
    block.attention.out.weight.data.zero_()  # time alone
    _, seen = block.attend(token, patches)
    (reached,) = torch.autograd.grad(seen[0, 1, 2].sum(), patches)
    places = reached[0].abs().sum(-1) > 0
    assert places[:, 2].all()
    assert places.sum() == 3
    nn.init.normal_(block.attention.out.weight)
    block.time_out.weight.data.zero_()  # space alone
    _, seen = block.attend(token, patches)
    (reached,) = torch.autograd.grad(seen[0, 1, 2].sum(), patches)
    places = reached[0].abs().sum(-1) > 0
    assert places[1].all()
    assert places.sum() == 4


@each_tower
def test_the_order_of_the_frames_matters(config: Config) -> None:
    model, video = tiny(config), videos(c=config)
    assert not torch.allclose(model.tower(video), model.tower(video.flip(2)), atol=1e-3)


def test_motion_is_the_differences_and_appearance_the_middle_frame() -> None:
    torch.manual_seed(0)
    model, video = TwoStream(TINY), videos()
    shifted = video + torch.randn(3, 3, 1, 16, 16)  # the same for all frames
    wide = model.appearance.wide
    torch.testing.assert_close(model(shifted)[:, wide:], model(video)[:, wide:], atol=1e-4, rtol=0)
    other = video.clone()
    other[:, :, [0, 1, 3]] = 0
    torch.testing.assert_close(model(other)[:, :wide], model(video)[:, :wide])
    assert not torch.allclose(model(other)[:, wide:], model(video)[:, wide:])


# --- the whole model ----------------------------------------------------------------------------


@each_tower
def test_a_row_depends_on_itself_alone(config: Config) -> None:
    model, video = tiny(config), videos()
    torch.testing.assert_close(model.encode_video(video[1:2]), model.encode_video(video)[1:2])
    torch.testing.assert_close(model.classify(video[1:2]), model.classify(video)[1:2])
    model.train()  # nothing is normalised over the batch
    torch.testing.assert_close(model.classify(video[1:2]), model.classify(video)[1:2])


@each_tower
def test_a_few_steps_lower_the_loss_and_reach_every_weight(config: Config) -> None:
    model, video, classes, tokens = tiny(config), videos(), torch.tensor([0, 3, 1]), texts()

    def loss() -> Tensor:
        guess = model.pretraining_loss(video, 0.5) if config.tower == "transformer" else 0
        return model(video, classes, tokens) + guess

    losses = descend(model, loss, steps=8)
    assert losses[-1] < losses[0]
    assert all(w.grad is not None and w.grad.abs().sum() > 0 for w in model.parameters())


def test_the_loss_is_that_of_classes_and_of_pairs() -> None:
    model, video, classes, tokens = tiny(), videos(), torch.tensor([0, 3, 1]), texts()
    named = F.cross_entropy(model.classify(video), classes)
    pairs = contrastive_loss(model.encode_video(video), model.encode_text(tokens), model.scale())
    torch.testing.assert_close(model(video, classes, tokens), named + pairs)


# --- hidden patches -----------------------------------------------------------------------------


def test_cubes_are_the_pixels_of_the_patches() -> None:
    video = videos()
    found = split_cubes(video, TINY)
    assert found.shape == (3, 2, 4, 128, 3)
    cube = video[1, :, 2:4, 8:16, :8]  # second in time; third in space: lower left
    torch.testing.assert_close(found[1, 1, 2], cube.permute(1, 2, 3, 0).reshape(128, 3))
    flat = normalise_patches(found).view_as(found)
    torch.testing.assert_close(flat.mean(-2), torch.zeros(3, 2, 4, 3), atol=1e-6, rtol=0)
    torch.testing.assert_close(flat.std(-2), torch.ones(3, 2, 4, 3), atol=1e-4, rtol=0)


@pytest.mark.parametrize("config", [TINY, TOWERS["divided"]], ids=["joint", "divided"])
def test_what_is_hidden_reaches_the_loss_only_as_what_is_to_be_guessed(config: Config) -> None:
    """The same places stay in all frames, and the encoder sees no pixel of the others."""
    model = tiny(config)
    video = videos(c=config)
    kept = torch.tensor([[2, 0], [1, 3], [0, 1]])
    seen = model.tower.encode(video, kept)
    other = video.clone()
    for row, places in enumerate(kept.tolist()):
        for place in {0, 1, 2, 3} - set(places):
            y, x = divmod(place, 2)
            other[row, :, :, 8 * y : 8 * y + 8, 8 * x : 8 * x + 8] = 7
    again = model.tower.encode(other, kept)
    for before, after in zip(seen, again, strict=True):
        torch.testing.assert_close(before, after)


def test_all_kept_is_the_same_as_no_mask() -> None:
    model, video = tiny(), videos()
    kept = torch.arange(4).expand(3, 4)
    torch.testing.assert_close(model.tower.encode(video, kept)[0], model.tower(video))


def test_the_loss_is_the_mean_error_of_hidden_cubes() -> None:
    model, video = tiny(), videos()
    assert model.decoder is not None
    torch.manual_seed(5)
    found = masked_loss(model.tower, model.decoder, video, TINY, 0.75)
    torch.manual_seed(5)
    order = torch.rand(3, 4).argsort(dim=1)
    said = model.decoder(*model.tower.encode(video, order[:, :1]), order[:, :1])
    true = normalise_patches(split_cubes(video, TINY))
    errors = [
        (said[row, time, place] - true[row, time, place]).square().mean()
        for row in range(3)
        for time in range(2)
        for place in order[row, 1:].tolist()
    ]
    torch.testing.assert_close(found, torch.stack(errors).mean())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"patch": 7}, "patch 7 does not divide size"),
        ({"tubelet": 3}, "tubelet 3 does not divide frames"),
        ({"heads": 5}, "heads 5 does not divide width"),
        ({"tower": "mlp"}, "tower 'mlp' is not transformer or conv3d or two_stream"),
        ({"attention": "axial"}, "attention 'axial' is not divided or joint"),
    ],
)
def test_sizes_that_make_no_sense(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(TINY, **wrong)


def test_resnet_halves_space_at_each_stage() -> None:
    for dims, shape in ((2, (1, 3, 32, 32)), (3, (1, 3, 8, 32, 32))):
        assert ResNet(dims, 3, 4, 1)(torch.randn(shape)).shape == (1, 32)

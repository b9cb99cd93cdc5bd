"""Vector quantisation against its definition, and images and sounds as codes and back."""

from itertools import cycle, pairwise

import pytest
import torch
from torch import Generator, Tensor, nn

from mmbench.reference.architectures.codebook import Codebook
from mmbench.reference.architectures.vqvae import ImageCodes, SoundCodes, VqVaeConfig
from tests.support.training import descend

SMALL = VqVaeConfig(number=12, code_width=4, width=16, halvings=2, residuals=1)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=Generator().manual_seed(seed))


def book(size: int = 5, width: int = 3) -> Codebook:
    torch.manual_seed(0)
    return Codebook(size, width)


# --- the codebook -------------------------------------------------------------------------------


def test_the_nearest_code_is_the_nearest() -> None:
    codes, x = book(), noise(40, 3)
    naive = [min(range(5), key=lambda i: float((v - codes.codes[i]).norm())) for v in x]
    assert codes.nearest(x).tolist() == naive
    assert codes.nearest(x.view(4, 10, 3)).tolist() == codes.nearest(x).view(4, 10).tolist()


def test_out_of_training_nothing_moves_and_gradients_pass_straight_through() -> None:
    codes = book().eval()
    before = {name: value.clone() for name, value in codes.state_dict().items()}
    x = noise(6, 3).requires_grad_()
    out, commitment = codes(x)
    assert torch.equal(out, codes.codes[codes.nearest(x)]) or torch.allclose(
        out, codes.codes[codes.nearest(x)]
    )
    (out * torch.arange(3.0)).sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad, torch.arange(3.0).expand(6, 3))
    assert all(torch.equal(value, before[name]) for name, value in codes.state_dict().items())
    expected = 0.25 * (x - codes.codes[codes.nearest(x)]).square().mean()
    torch.testing.assert_close(commitment, expected)


def test_codes_are_moving_averages_of_what_they_stand_for() -> None:
    """Appendix A.1 of the paper, counted in shares of the batch."""
    codes, decay = book(2, 1).train(), 0.99
    codes.codes.copy_(torch.tensor([[0.0], [10.0]]))
    codes.shares.fill_(0.5)
    codes.sums.copy_(codes.codes * 0.5)
    x = torch.tensor([[1.0], [2.0], [3.0], [9.0]])
    codes(x)
    shares = [decay * 0.5 + (1 - decay) * share for share in (0.75, 0.25)]
    sums = [decay * 0 + (1 - decay) * 6 / 4, decay * 5 + (1 - decay) * 9 / 4]
    expected = torch.tensor([[total / share] for total, share in zip(sums, shares, strict=True)])
    torch.testing.assert_close(codes.codes, expected)


def test_the_first_batch_puts_every_code_where_a_vector_is() -> None:
    codes, x = book(16, 3).train(), noise(100, 3) + 50
    codes(x)
    distances = torch.cdist(codes.codes, x).min(1).values
    assert float(distances.max()) < 1  # an average of some, or one of them
    assert int((distances < 1e-4).sum()) > 8


def test_a_dead_code_is_put_where_a_vector_is_and_the_others_stay() -> None:
    codes = book(3, 2).train()
    codes.codes.copy_(torch.tensor([[0.0, 0.0], [5.0, 5.0], [99.0, 99.0]]))
    codes.shares.copy_(torch.tensor([0.5, 0.5, 0.001]))
    codes.sums.copy_(codes.codes * codes.shares[:, None])
    x = torch.tensor([[0.1, 0.0], [5.0, 5.1]])
    codes(x)
    assert float(torch.cdist(codes.codes[2:], x).min()) < 1e-5
    assert float((codes.codes[:2] - torch.tensor([[0.0, 0.0], [5.0, 5.0]])).abs().max()) < 0.01


def test_it_learns_where_clusters_are() -> None:
    codes, centres = book(4, 2).train(), torch.tensor([[0.0, 0], [8, 0], [0, 8], [8, 8]])
    for step in range(400):
        chosen = torch.randint(4, (64,), generator=Generator().manual_seed(step))
        codes(centres[chosen] + 0.3 * noise(64, 2, seed=step))
    assert float(torch.cdist(centres, codes.codes).min(1).values.max()) < 0.4


# --- images and sounds --------------------------------------------------------------------------


def test_an_image_is_a_grid_of_codes_and_comes_back_in_its_size() -> None:
    torch.manual_seed(0)
    model = ImageCodes(SMALL).eval()
    images = noise(3, 3, 32, 32)
    codes = model.encode(images)
    assert codes.shape == (3, 64) and codes.dtype == torch.int64
    assert set(codes.flatten().tolist()) <= set(range(12))
    back = model.decode(codes)
    assert back.shape == images.shape
    grid = model.codebook.codes[codes].view(3, 8, 8, 4)
    torch.testing.assert_close(back, model.decode_vectors(grid))


def test_codes_go_row_by_row() -> None:
    """What is changed at the lower right changes codes there, and none at the upper left."""
    torch.manual_seed(0)
    model = ImageCodes(SMALL).eval()
    images = noise(1, 3, 64, 64)
    changed = images.clone()
    changed[..., 48:, 48:] += 3
    differs = (model.features(images) - model.features(changed)).abs().sum(-1)[0] > 1e-6
    assert differs[14, 14] and not differs[:8, :8].any()
    flat = (model.encode(images) != model.encode(changed))[0]
    assert not flat.view(16, 16)[:8].any()


@pytest.mark.parametrize(("frames", "codes"), [(1, 1), (4, 1), (5, 2), (8, 2), (13, 4)])
def test_how_many_codes_a_sound_is(frames: int, codes: int) -> None:
    model = SoundCodes(SMALL, 10).eval()
    assert int(model.lengths(torch.tensor([frames]))) == codes
    assert model.encode(noise(1, frames, 10), torch.tensor([frames])).shape == (1, codes)


def test_what_follows_a_sound_changes_nothing() -> None:
    torch.manual_seed(1)
    model = SoundCodes(SMALL, 10).eval()
    mel, frames = noise(3, 21, 10), torch.tensor([21, 10, 3])
    together = model.features(mel, frames)
    for row, length in enumerate(frames.tolist()):
        alone = model.features(mel[row : row + 1, :length], torch.tensor([length]))
        count = int(model.lengths(torch.tensor(length)))
        torch.testing.assert_close(together[row, :count], alone[0, :count])
    mel[1, 10:] = 7
    torch.testing.assert_close(model.features(mel, frames)[1], together[1])


def test_a_sound_comes_back_as_frames() -> None:
    model = SoundCodes(SMALL, 10).eval()
    codes = model.encode(noise(2, 12, 10), torch.tensor([12, 12]))
    assert model.decode(codes).shape == (2, 12, 10)


@pytest.mark.parametrize("kind", ["image", "sound"])
def test_training_lowers_the_error_and_uses_many_codes(kind: str) -> None:
    torch.manual_seed(0)
    model: nn.Module = ImageCodes(SMALL) if kind == "image" else SoundCodes(SMALL, 8)
    seeds = cycle(range(4))

    def loss() -> Tensor:
        levels = noise(16, 1, 1, seed=next(seeds))
        if kind == "image":
            return model(levels[..., None].expand(16, 3, 16, 16))
        return model(levels.expand(16, 16, 8), torch.tensor([16] * 16))

    losses = descend(model, loss, steps=120, rate=3e-3)
    assert sum(losses[-10:]) < 0.4 * sum(losses[:10])
    codes = model.get_submodule("codebook")
    assert isinstance(codes, Codebook)
    assert int((codes.shares > 0.3 / 12).sum()) >= 6


def test_frames_behind_a_sound_count_nowhere() -> None:
    torch.manual_seed(0)
    model = SoundCodes(SMALL, 8).eval()
    mel, frames = noise(2, 16, 8), torch.tensor([16, 7])
    loss = model(mel, frames)
    mel[1, 7:] = 100
    torch.testing.assert_close(model(mel, frames), loss)


def test_the_number_of_weights_follows_from_the_sizes() -> None:
    c = VqVaeConfig(number=512, code_width=16, width=64, halvings=3, residuals=2)
    model = ImageCodes(c)
    widths = [3, 16, 32, 64]
    down = sum(16 * a * b + b for a, b in pairwise(widths))
    up = sum(16 * a * b + a for a, b in pairwise(widths))
    residual = 9 * 64 * 64 + 64 + 64 * 64 + 64
    narrow, widen = 64 * 16 + 16, 9 * 16 * 64 + 64
    expected = down + up + 4 * residual + narrow + widen
    assert sum(weight.numel() for weight in model.parameters()) == expected


def test_sizes_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="a number below 1"):
        VqVaeConfig(number=0)

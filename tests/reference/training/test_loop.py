"""Training of the reference CLIP: it learns, decays what it should, and survives a kill."""

import json
import math
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from mmbench.cli import main
from mmbench.cli.exit_codes import USER
from mmbench.errors import SpecError, UnknownName, UserError
from mmbench.reference.architectures.clip import CLIP, Config
from mmbench.reference.architectures.layers import TransformerBlock
from mmbench.reference.checkpoints.families import TrainedClip
from mmbench.reference.checkpoints.folder import read_checkpoint
from mmbench.reference.training import Recipe, change_recipe, read_recipe, recipe_names, train
from mmbench.reference.training.family import find_family
from mmbench.reference.training.muon import Muon, orthogonal
from mmbench.reference.training.recipe import parse_recipe
from mmbench.reference.training.schedule import adamw, decays, muon, parameter_rates, share_at
from mmbench.reference.worlds.shapes.batch import augment, training_batch
from tests.support.processes import forks
from tests.support.training import losses_of

pytestmark = pytest.mark.usefixtures("one_thread")

# Two stages: the second trains the texts alone, faster, their blocks by Muon; the images' tower is
# frozen.
SMALL: dict[str, Any] = {
    "model": "clip-nano",
    "family": "clip",
    "every": 3,
    "architecture": {
        f"{part}_{name}": value
        for part in ("image", "text")
        for name, value in (("width", 32), ("layers", 1), ("heads", 2))
    },
    "stages": [
        {"name": "all", "objective": "contrastive", "steps": 5, "batch": 8, "warm_up": 2},
        {
            "name": "texts",
            "objective": "contrastive",
            "steps": 3,
            "batch": 8,
            "warm_up": 1,
            "rates": {"text": 1e-3, "text_projection": 2e-3},
            "muon": {"text.blocks": 4e-3},
        },
    ],
}


def small(**other: Any) -> Recipe:
    return parse_recipe({**SMALL, **other}, "small")


def files(folder: Path) -> dict[str, bytes]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


# --- a run --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run from end to end, never interrupted."""
    out = tmp_path_factory.mktemp("whole") / "run"
    train(small(), out)
    return out


def test_what_a_run_leaves_behind(whole: Path) -> None:
    assert {path.name for path in whole.iterdir()} == {
        "recipe.json",
        "state.safetensors",
        "step-3",
        "step-5",
        "step-6",
        "step-8",
    }
    recipe = json.loads((whole / "recipe.json").read_text())
    assert parse_recipe(recipe["recipe"], "") == small()
    assert {"mmbench", "torch", "numpy", "python", "threads", "device"} == set(recipe["versions"])
    checkpoint = read_checkpoint(whole / "step-8", TrainedClip)
    assert checkpoint.model.config.image_width == 32
    assert "triangle" in checkpoint.words.words


def test_a_run_repeats_to_the_last_bit_and_reports_each_step(whole: Path, tmp_path: Path) -> None:
    told: list[tuple[int, float]] = []
    saved: list[Path] = []
    last = train(
        small(),
        tmp_path / "run",
        report=lambda step, loss: told.append((step, loss)),
        saved=saved.append,
    )
    assert [folder.name for folder in saved] == ["step-3", "step-5", "step-6", "step-8"]
    assert last == tmp_path / "run" / "step-8"
    assert [step for step, _ in told] == list(range(1, 9))
    assert told[0][1] == pytest.approx(math.log(8), abs=1.0)  # chance among eight
    assert files(last) == files(whole / "step-8")


@pytest.mark.parametrize("cores", [1, 2])
def test_batches_made_ahead_or_in_turn_are_the_same(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    monkeypatch.setattr("mmbench.reference.training.loop.cpu_count", lambda: cores)
    assert files(train(small(), tmp_path / "run")) == files(whole / "step-8")


def test_a_stage_trains_what_its_rates_name(whole: Path) -> None:
    before, after = (read_checkpoint(whole / f"step-{n}", TrainedClip).model for n in (5, 8))
    for (name, old), (_, new) in zip(
        before.named_parameters(), after.named_parameters(), strict=True
    ):
        assert torch.equal(old, new) != name.startswith("text"), name


@pytest.mark.slow
def test_another_seed_ends_elsewhere(whole: Path, tmp_path: Path) -> None:
    last = train(small(seed=1), tmp_path / "run")
    assert files(last)["model.safetensors"] != files(whole / "step-8")["model.safetensors"]


TRAIN = """
import json, os, signal
from pathlib import Path
from mmbench.reference.training import train
from mmbench.reference.training.recipe import parse_recipe
out, small, last, resume = args
def report(step, loss):
    if step == last:
        os.kill(os.getpid(), signal.SIGKILL)
train(parse_recipe(small, "small"), Path(out), resume=resume, report=report)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., None]]:
    """Train in a process of its own that dies at once, without a word, after `step`."""
    folder = tmp_path_factory.mktemp("killed")
    with forks(f"args = {[str(folder / 'first'), SMALL, 0, False]}\n{TRAIN}", folder) as processes:

        def run(out: Path, step: int, *, resume: bool) -> None:
            ended = processes.start(TRAIN, str(out), SMALL, step, resume).wait()
            assert ended.code == -signal.SIGKILL, ended.err

        yield run


@pytest.mark.slow
def test_killed_twice_and_resumed_ends_with_the_same_bytes(
    whole: Path, tmp_path: Path, killed: Callable[..., None]
) -> None:
    out = tmp_path / "run"
    killed(out, 2, resume=False)  # before any checkpoint
    killed(out, 5, resume=True)  # step 5 was computed but not written: step-3 is the last
    assert {path.name for path in out.iterdir()} == {"recipe.json", "state.safetensors", "step-3"}
    killed(out, 7, resume=True)  # in the second stage, whose moments are its own
    train(small(), out, resume=True)
    assert files(out) == files(whole)


def test_killed_between_checkpoint_and_state(
    whole: Path, tmp_path: Path, killed: Callable[..., None]
) -> None:
    """The checkpoint that is there already is written again, and a torn one is swept away."""
    killed_out = tmp_path / "killed"
    killed(killed_out, 6, resume=False)
    shutil.copytree(whole / "step-6", killed_out / "step-6")
    (killed_out / ".step-8.part").mkdir()
    (killed_out / ".state.safetensors.1-0123abcd").write_bytes(b"torn")
    train(small(), killed_out, resume=True)
    assert files(killed_out) == files(whole)


def test_a_finished_run_resumes_to_itself(whole: Path) -> None:
    before = files(whole)
    assert train(small(), whole, resume=True) == whole / "step-8"
    assert files(whole) == before


# --- what the user can get wrong ----------------------------------------------------------------


def test_a_device_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written."""
    if torch.cuda.is_available():
        pytest.skip("it is there")
    command = ["train", "clip-nano", "--out", str(tmp_path / "run"), "--device", "cuda"]
    assert main(command) == USER
    assert "--device cuda: torch sees no CUDA device; use --device cpu" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_an_existing_run_is_not_overwritten(whole: Path) -> None:
    with pytest.raises(UserError, match="holds a training run; add --resume or choose another"):
        train(small(), whole)


def test_a_folder_with_other_things_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(UserError, match="not an empty folder; choose another --out"):
        train(small(), tmp_path)


def test_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no run to resume; leave --resume out"):
        train(small(), tmp_path / "none", resume=True)


def test_resuming_by_another_recipe_names_the_difference(whole: Path) -> None:
    with pytest.raises(UserError, match=r"another recipe \(stages differs\); resume with the same"):
        train(change_recipe(small(), steps=9), whole, resume=True)


@pytest.mark.parametrize("name", ["recipe.json", "state.safetensors"])
def test_a_damaged_run_is_named(whole: Path, tmp_path: Path, name: str) -> None:
    for path, data in files(whole).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data[:20] if path == name else data)
    with pytest.raises(UserError, match=f"{name}: cannot be read"):
        train(small(), tmp_path, resume=True)


@pytest.mark.parametrize(
    ("other", "error", "message"),
    [
        ({"family": "clap"}, UnknownName, "family of models 'clap': did you mean clip"),
        ({"step": 9}, UnknownName, "unknown key of small 'step'"),
        ({"stages": []}, SpecError, "stages is empty"),
        ({"every": 0}, UserError, "small: every is 0; give a number from 1"),
        ({"architecture": {"patch": 7}}, UserError, "patch 7 does not divide image_size"),
        ({"architecture": {"patches": 7}}, UserError, "unexpected keyword argument 'patches'"),
        (
            {"stages": [{**SMALL["stages"][0], "objective": "contrast"}]},
            UnknownName,
            "objective of clip 'contrast': did you mean contrastive",
        ),
        (
            {"stages": [{**SMALL["stages"][0], "rates": {"words": 1.0}}]},
            UserError,
            "no parameter name begins with 'words'; correct this prefix in rates or muon",
        ),
        (
            {"stages": [{**SMALL["stages"][0], "muon": {"text.layers": 1e-3}}]},
            UserError,
            "no parameter name begins with 'text.layers'; correct this prefix in rates or muon",
        ),
        (
            {"stages": [{**SMALL["stages"][0], "options": {"twin": True}}]},
            UserError,
            "options of stage all: .*unknown field `twin`; contrastive takes augment, twins",
        ),
        (
            {"stages": [{**SMALL["stages"][0], "options": {"twins": "no"}}]},
            UserError,
            "options of stage all: Expected `bool`, got `str`",
        ),
        (
            {"stages": [{**SMALL["stages"][0], "options": {"augment": ["twist"]}}]},
            UserError,
            "options of stage all: augment: 'twist' is not one of flip, recolour, zoom",
        ),
    ],
)
def test_recipes_that_make_no_sense(
    tmp_path: Path, other: dict[str, Any], error: type[UserError], message: str
) -> None:
    with pytest.raises(error, match=message):
        train(small(**other), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


# --- recipes ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", recipe_names())
def test_the_packaged_recipes_can_be_read_and_built(name: str) -> None:
    recipe = read_recipe(name)
    assert name == recipe.model or name.startswith(f"{recipe.model}-")  # a variant of it
    find_family(recipe).fresh(recipe)


def test_a_recipe_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(json.dumps(SMALL))
    assert read_recipe(str(file)) == small()
    with pytest.raises(UnknownName, match="recipe 'clip-nan': did you mean clip-nano"):
        read_recipe("clip-nan")


@pytest.mark.parametrize(("steps", "shares"), [(8, [5, 3]), (2, [1, 1]), (80, [49, 31])])
def test_stages_keep_their_shares_of_the_steps(steps: int, shares: list[int]) -> None:
    recipe = change_recipe(small(), steps=steps)
    assert [stage.steps for stage in recipe.stages] == shares
    assert [recipe.at(step)[0].name for step in (1, steps)] == ["all", "texts"]
    assert recipe.at(shares[0] + 1) == (recipe.stages[1], 1)
    with pytest.raises(UserError, match="steps is 1; give a number from 2"):
        change_recipe(small(), steps=1)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        train(small(), tmp_path / "file" / "run")


# --- optimisation -------------------------------------------------------------------------------


def test_decay_touches_matrices_only() -> None:
    for tower in ("vit", "resnet"):
        names = CLIP(Config(vocabulary=9, image_tower=tower)).named_parameters()
        kept = {name for name, weight in names if not decays(name, weight)}
        assert {"log_scale", "text.positions", "image.positions"} <= kept
        assert all(
            n.endswith(("bias", "positions", "log_scale", "token")) or "norm" in n for n in kept
        )


def test_decay_shrinks_by_rate_times_decay_where_there_is_no_gradient() -> None:
    model = nn.Linear(3, 2)
    weight, bias = model.weight.detach().clone(), model.bias.detach().clone()
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    adamw(model, parameter_rates(model, {"": 0.01}), decay=0.1).step()
    torch.testing.assert_close(model.weight.detach(), weight * (1 - 0.01 * 0.1))
    torch.testing.assert_close(model.bias.detach(), bias)


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="torch before 2.9 has no Muon")
def test_muon_steps_as_torch_does() -> None:
    """`torch.optim.Muon` multiplies in bfloat16, which has three digits."""
    torch.manual_seed(0)
    first = {"wide": torch.randn(8, 24), "tall": torch.randn(24, 8)}
    ours, theirs = ({k: nn.Parameter(w.clone()) for k, w in first.items()} for _ in range(2))
    common = {"lr": 0.02, "weight_decay": 0.1}
    steps = (
        (ours, Muon([{"params": [*ours.values()], **common}])),
        (theirs, torch.optim.Muon(theirs.values(), **common, adjust_lr_fn="match_rms_adamw")),
    )
    for number in range(5):
        torch.manual_seed(number)
        grads = {name: torch.randn_like(weight) for name, weight in first.items()}
        for weights, optimiser in steps:
            for name, weight in weights.items():
                weight.grad = grads[name].clone()
            optimiser.step()
    for name, weight in first.items():
        moved, by_torch = ours[name].detach() - weight, theirs[name].detach() - weight
        assert (moved - by_torch).norm() < 0.02 * by_torch.norm()


def test_muon_steps_stacked_matrices_apart() -> None:
    """As `qkv` holds three; the model has a frozen part and one that has no gradient."""
    torch.manual_seed(0)
    block = TransformerBlock(8, 2, causal=True)
    parts = [nn.Parameter(part.clone()) for part in block.attention.qkv.weight.detach().chunk(3)]
    block.attention.qkv.weight.grad = torch.randn(24, 8)
    for part, grad in zip(parts, block.attention.qkv.weight.grad.chunk(3), strict=True):
        part.grad = grad.clone()
    still = block.mlp.get_parameter("0.weight").detach().clone()
    rates = dict.fromkeys(["attention.qkv.weight", "mlp.0.weight"], 0.02)
    muon(block, rates, decay=0.1).step()
    Muon([{"params": parts, "lr": 0.02, "weight_decay": 0.1}]).step()
    torch.testing.assert_close(block.attention.qkv.weight.detach(), torch.cat(parts).detach())
    assert torch.equal(block.mlp.get_parameter("0.weight").detach(), still)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**31))
def test_orthogonal_keeps_the_singular_vectors(rows: int, columns: int, seed: int) -> None:
    """And brings those singular values that are not tiny to near 1."""
    drawn = torch.randn(2, rows, columns, generator=torch.Generator().manual_seed(seed))
    u, values, v = torch.linalg.svd(drawn, full_matrices=False)
    inside = u.mT @ orthogonal(drawn) @ v.mT
    diagonal = inside.diagonal(dim1=1, dim2=2)
    large = values > 0.05 * values.norm(dim=1, keepdim=True)
    assert ((diagonal[large] > 0.6) & (diagonal[large] < 1.3)).all()
    assert (inside - torch.diag_embed(diagonal)).abs().max() < 1e-3
    assert not orthogonal(torch.zeros(1, rows, columns)).any()


def test_learning_rate_warms_up_and_follows_half_a_cosine() -> None:
    shares = [share_at(step, steps=110, warm_up=10) for step in range(1, 111)]
    assert shares[0] == pytest.approx(0.1)
    assert max(shares) == shares[9] == 1.0
    assert shares[59] == pytest.approx(0.5)  # half of the cosine is half of the peak
    assert shares[-1] == pytest.approx(0)
    assert shares[9:] == sorted(shares[9:], reverse=True)


@pytest.mark.slow
def test_the_packaged_recipe_learns(tmp_path: Path) -> None:
    """A tenth of the recipe brings the loss from ln 128 = 4.85 to less than half of it."""
    recipe = change_recipe(read_recipe("clip-nano"), steps=250, every=250)
    losses = losses_of(recipe, tmp_path / "run")
    assert losses[0] == pytest.approx(math.log(128), abs=0.8)
    assert np.mean(losses[-20:]) < math.log(128) / 2


# --- batches ------------------------------------------------------------------------------------


def test_batches_are_functions_of_seed_and_step() -> None:
    images, texts = training_batch(0, 5, 4, 64)
    assert images.dtype == np.float32
    assert images.shape == (4, 64, 64, 3)
    assert 0 <= images.min() <= images.max() <= 1
    again, same = training_batch(0, 5, 4, 64)
    assert np.array_equal(images, again)
    assert texts == same
    assert texts != training_batch(0, 6, 4, 64)[1]


def test_augmentation_moves_little_and_mirrors_nothing() -> None:
    """A dark spot on the left stays on the left, within two pixels, and stays dark."""
    images = np.full((50, 64, 64, 3), 230, np.uint8)
    images[:, 20:30, 8:18] = 30
    varied = augment(images, np.random.default_rng(0))
    dark = varied.mean(-1) < 0.4
    for image in dark:
        rows, columns = np.nonzero(image)
        assert abs(rows.mean() - 24.5) <= 2
        assert abs(columns.mean() - 12.5) <= 2
        assert image.sum() == 100
    assert abs(varied[:, 50:, 50:].mean() - 230 / 255) < 0.03
    assert np.ptp(varied[:, 50:, 50:].mean((1, 2, 3))) > 0.02

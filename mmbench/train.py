"""Training of the reference CLIP on the shapes world: reproducible, and safe to kill at any moment.

A run is a folder:

    DIR/recipe.json          what was asked and by which versions: enough to repeat the run
    DIR/step-N/              a checkpoint, `clip-nano@DIR/step-N`
    DIR/state.safetensors    weights and moments in float32 and the step, to go on from

The data and the noise of a step are functions of the seed and the step's number, so nothing else
needs to be kept. Every file and folder appears whole, by a rename.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mmbench.errors import UnknownName, UserError

if TYPE_CHECKING:
    import torch

    from mmbench.nano.clip import Config
    from mmbench.nano.folder import Checkpoint

_VOCABULARY_SCENES = 2000
_CLIP_NORM = 1.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What decides the weights of a run. The defaults are those of the packaged checkpoint."""

    steps: int = 2400
    seed: int = 0
    every: int = 400
    batch: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    warm_up: int = 100
    image_tower: Literal["vit", "resnet"] = "vit"
    image_size: int = 64
    patch: int = 16
    width: int = 128
    layers: int = 4
    heads: int = 4
    context: int = 48


def train_clip_nano(
    out: Path,
    settings: Mapping[str, Any] | None = None,
    *,
    resume: bool = False,
    device: str = "cpu",
    report: Callable[[int, float], None] | None = None,
) -> Path:
    """Train, and return the folder of the last checkpoint, `out/step-N`.

    `settings` are fields of `Settings`; those not named have their defaults, or with `resume` the
    values that the run in `out` was started with. `report` gets each step from 1 and its loss in
    nats. On one machine with one number of threads a run that was killed and resumed ends with the
    same weights, bit for bit, as one that was not. Raises UnknownName for a setting that does not
    exist, UserError when a value makes no sense, when `out` holds a run already and `resume` is not
    given, when there is none to resume, when it was started with other settings, or when it cannot
    be written.
    """
    chosen = _open(out, dict(settings or {}), resume)
    run = _Run(out, chosen, device)
    for step in range(run.restore() + 1, chosen.steps + 1):
        loss = run.step(step)
        if report:
            report(step, loss)
        if step % chosen.every == 0 or step == chosen.steps:
            run.save(step)
    return out / f"step-{chosen.steps}"


def _open(out: Path, given: dict[str, Any], resume: bool) -> Settings:
    """Start the folder of a run, or see that the one there is the run to go on with."""
    recipe = out / "recipe.json"
    if resume:
        return _resumed(recipe, given)
    if recipe.exists():
        raise UserError(f"{out}: holds a training run; add --resume or choose another --out")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out}: is not an empty folder; choose another --out")
    settings = _settings(given)
    text = json.dumps({"settings": asdict(settings), "versions": _versions()}, indent=1) + "\n"
    _whole(recipe, text.encode())
    return settings


def _settings(given: dict[str, Any]) -> Settings:
    known = [field.name for field in fields(Settings)]
    for name in given:
        if name not in known:
            raise UnknownName("setting of clip-nano", name, known)
    settings = Settings(**given)
    for name in ("steps", "every", "batch"):
        if getattr(settings, name) < 1:
            raise UserError(f"train: {name} is {getattr(settings, name)}; give a number from 1")
    try:
        _architecture(settings, vocabulary=8)
    except ValueError as error:
        raise UserError(f"train: {error}") from error
    return settings


def _resumed(recipe: Path, given: dict[str, Any]) -> Settings:
    try:
        old = json.loads(recipe.read_text(encoding="utf-8"))["settings"]
        settings = Settings(**old)
    except FileNotFoundError as error:
        raise UserError(f"{recipe.parent}: no run to resume; leave --resume out") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{recipe}: cannot be read: {error}; choose another --out") from error
    for name, value in given.items():
        if old.get(name) != value:
            raise UserError(
                f"{recipe.parent}: was started with {name} {old.get(name)}, not {value}; resume"
                " with the same value or choose another --out"
            )
    for part in recipe.parent.glob(".*.part"):  # what a killed run left unfinished
        shutil.rmtree(part) if part.is_dir() else part.unlink()
    return settings


def _versions() -> dict[str, str]:
    import platform

    import numpy
    import torch

    from mmbench import __version__

    return {
        "mmbench": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "threads": str(torch.get_num_threads()),
    }


def _whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all. Raises UserError."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(f"cannot write {path}: {error.strerror}; mend this and repeat with --resume")


class _Run:
    """Model, optimiser and data of a run, and what of them lies on disk."""

    def __init__(self, out: Path, settings: Settings, device: str) -> None:
        import torch

        from mmbench.nano.optim import adamw

        self.out, self.settings, self.device = out, settings, device
        torch.manual_seed(settings.seed)
        self.checkpoint = _fresh(settings)
        self.model = self.checkpoint.model.to(device).train()
        self.optimiser = adamw(self.model, settings.learning_rate, settings.weight_decay)

    def step(self, step: int) -> float:
        """One step of the optimiser, `step` from 1; its loss in nats."""
        import torch

        from mmbench.nano.optim import rate_at

        s = self.settings
        rate = rate_at(step, steps=s.steps, peak=s.learning_rate, warm_up=s.warm_up)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        images, tokens = self._batch(step)
        loss = self.model(images, tokens)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), _CLIP_NORM)
        self.optimiser.step()
        with torch.no_grad():  # beyond the clamp there is no gradient to come back by
            self.model.log_scale.clamp_(max=math.log(100))
        return float(loss.detach())

    def _batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        import numpy as np
        import torch
        from torch.nn.utils.rnn import pad_sequence

        from mmbench.data.shapes_batch import training_batch
        from mmbench.nano.tokens import PAD

        s = self.settings
        images, texts = training_batch(s.seed, step, s.batch, s.image_size)
        mean, std = (np.array(v, np.float32) for v in (self.checkpoint.mean, self.checkpoint.std))
        ids = [torch.tensor(self.checkpoint.words.encode(text, s.context)) for text in texts]
        tokens = pad_sequence(ids, batch_first=True, padding_value=PAD)
        image = torch.from_numpy((images - mean) / std).permute(0, 3, 1, 2).contiguous()
        return image.to(self.device), tokens.to(self.device)

    def save(self, step: int) -> None:
        """Write the checkpoint, then the state: a kill between the two repeats the checkpoint."""
        import torch
        from safetensors.torch import save

        from mmbench.nano.folder import write_checkpoint

        folder = self.out / f"step-{step}"
        part = self.out / f".step-{step}.part"
        try:
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            write_checkpoint(part, self.checkpoint, torch.float16)
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
        except OSError as error:
            raise _unwritable(folder, error) from error
        tensors = {name: tensor.contiguous() for name, tensor in self._tensors()}
        _whole(self.out / "state.safetensors", save(tensors, {"step": str(step)}))

    def _tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        for name, weight in self.model.named_parameters():
            moments = self.optimiser.state[weight]
            yield f"weight.{name}", weight.detach()
            yield f"exp_avg.{name}", moments["exp_avg"]
            yield f"exp_avg_sq.{name}", moments["exp_avg_sq"]

    def restore(self) -> int:
        """Take up the state on disk; the step it was written after, 0 where there is none."""
        import torch
        from safetensors import SafetensorError, safe_open

        file = self.out / "state.safetensors"
        if not file.exists():
            return 0
        try:
            with safe_open(file, "pt", device=self.device) as state, torch.no_grad():
                step = int(state.metadata()["step"])
                for name, weight in self.model.named_parameters():
                    weight.copy_(state.get_tensor(f"weight.{name}"))
                    self.optimiser.state[weight] = {
                        "step": torch.tensor(float(step)),
                        "exp_avg": state.get_tensor(f"exp_avg.{name}").clone(),
                        "exp_avg_sq": state.get_tensor(f"exp_avg_sq.{name}").clone(),
                    }
        except SafetensorError as error:
            raise UserError(f"{file}: cannot be read: {error}; choose another --out") from error
        return step


def _fresh(settings: Settings) -> Checkpoint:
    from mmbench.data.shapes import training_scene
    from mmbench.nano.clip import CLIP
    from mmbench.nano.folder import Checkpoint
    from mmbench.nano.tokens import Words

    scenes = (training_scene(settings.seed, index) for index in range(_VOCABULARY_SCENES))
    words = Words.of(text for _, texts in scenes for text in texts)
    return Checkpoint(CLIP(_architecture(settings, len(words.words))), words)


def _architecture(settings: Settings, vocabulary: int) -> Config:
    from mmbench.nano.clip import Config

    s = settings
    return Config(
        vocabulary=vocabulary,
        context=s.context,
        text_width=s.width,
        text_layers=s.layers,
        text_heads=s.heads,
        image_tower=s.image_tower,
        image_size=s.image_size,
        patch=s.patch,
        image_width=s.width,
        image_layers=s.layers,
        image_heads=s.heads,
        embedding=s.width,
    )

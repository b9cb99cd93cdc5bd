"""The training loop, and the state of a training run on disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.errors import UserError
from mmbench.reference.training.family import Constrained, find_family
from mmbench.reference.training.folder import unwritable, write
from mmbench.reference.training.recipe import Recipe, Stage

if TYPE_CHECKING:
    from torch import Tensor

_CLIP_NORM = 1.0
_MOMENTS = ("exp_avg", "exp_avg_sq", "momentum")  # the first two are of AdamW, the last of Muon


class StageRun:
    """A training run in the folder `out`.

    `steps` continues from the last saved state; `save` writes a checkpoint and the state.
    """

    def __init__(self, out: Path, recipe: Recipe, device: str) -> None:
        import torch

        self.out, self.recipe, self.device = out, recipe, device
        self.family = find_family(recipe)
        torch.manual_seed(recipe.seed)
        try:
            self.checkpoint = self.family.fresh(recipe)
            self.model = self.checkpoint.model.to(device).train()
            for stage in recipe.stages:
                self._begin(stage)
        except (TypeError, ValueError) as error:
            raise UserError(f"train: {error}") from error

    def steps(self) -> Iterator[tuple[int, float]]:
        """Run the remaining steps; yield the number, from 1, and the loss in nats of each step."""
        done = self._restore()
        for step, batch in self._batches(done + 1):
            stage, within = self.recipe.at(step)
            if within == 1:
                self._begin(stage)
            yield step, self._step(step, batch)

    def _batches(self, first: int) -> Iterator[tuple[int, tuple[Tensor, ...]]]:
        """Yield each step from `first` on with its batch, prepared during the previous step.

        If training uses all cores, batches are not prepared ahead, since this slows down training:
        with two threads on two cores, a step of unified-nano took 1.84 s instead of 1.47 s.
        """
        import torch

        if self.device == "cpu" and torch.get_num_threads() >= (cpu_count() or 1):
            yield from ((step, self._batch(step)) for step in range(first, self.recipe.steps + 1))
            return
        with ThreadPoolExecutor(1, thread_name_prefix="batch") as pool:
            ahead = pool.submit(self._batch, first)
            for step in range(first, self.recipe.steps + 1):
                batch, ahead = ahead.result(), pool.submit(self._batch, step + 1)
                yield step, batch

    def _batch(self, step: int) -> tuple[Tensor, ...]:
        """Return the batch of a step; return () for a step after the last."""
        if step > self.recipe.steps:
            return ()
        stage, within = self.recipe.at(step)
        make = self.family.objectives[stage.objective].batch
        return make(self.checkpoint, stage, self.recipe.seed, within)

    def _begin(self, stage: Stage) -> None:
        """Create the optimisers of the parameters that the stage trains, and freeze all others."""
        from mmbench.reference.training.schedule import make_optimisers

        self.optimisers = make_optimisers(self.model, stage.rates, stage.muon, stage.weight_decay)
        stepped = {name for name, _ in self._states()}
        for name, weight in self.model.named_parameters():
            weight.requires_grad_(name in stepped)
            weight.grad = None  # else old gradients would count in the norm that is clipped

    def _step(self, step: int, batch: tuple[Tensor, ...]) -> float:
        import torch

        from mmbench.reference.training.schedule import share_at

        stage, within = self.recipe.at(step)
        share = share_at(within, steps=stage.steps, warm_up=stage.warm_up)
        for group in self._groups():
            group["lr"] = group["peak"] * share
        torch.manual_seed(self.recipe.seed + (step << 20))
        with torch.autocast(self.device.split(":")[0], torch.bfloat16, self.recipe.bfloat16):
            tensors = tuple(tensor.to(self.device) for tensor in batch)
            loss = self.family.objectives[stage.objective].loss(self.checkpoint, tensors)
        self.model.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), _CLIP_NORM)
        for optimiser in self.optimisers:
            optimiser.step()
        if isinstance(self.model, Constrained):
            self.model.constrain()
        return float(loss.detach())

    def save(self, step: int) -> Path:
        """Write the checkpoint of a step, then the state; return the folder of the checkpoint.

        If the run is killed between the two writes, the resumed run writes the checkpoint again.
        """
        import torch
        from safetensors.torch import save

        from mmbench.reference.checkpoints.folder import write_checkpoint

        folder, part = self.out / f"step-{step}", self.out / f".step-{step}.part"
        try:
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            write_checkpoint(part, self.checkpoint, torch.float16)
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
        except OSError as error:
            raise unwritable(folder, error) from error
        tensors = {name: tensor.contiguous() for name, tensor in self._tensors()}
        write(self.out / "state.safetensors", save(tensors, {"step": str(step)}))
        return folder

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Yield names and values of weights, buffers and the current stage's optimiser moments."""
        for name, value in self.model.state_dict().items():
            yield f"weight.{name}", value
        for name, state in self._states():
            for moment, value in state.items():
                if moment != "step":
                    yield f"{moment}.{name}", value

    def _groups(self) -> list[dict[str, Any]]:
        return [group for optimiser in self.optimisers for group in optimiser.param_groups]

    def _states(self) -> Iterator[tuple[str, dict[str, Tensor]]]:
        """Yield the name of each trained parameter, and its optimiser state."""
        names = {weight: name for name, weight in self.model.named_parameters()}
        for optimiser in self.optimisers:
            for weight in (w for group in optimiser.param_groups for w in group["params"]):
                yield names[weight], optimiser.state[weight]

    def _restore(self) -> int:
        """Load the saved state; return the step after which it was saved.

        Return 0 if no state has been saved.
        """
        from safetensors import SafetensorError, safe_open

        file = self.out / "state.safetensors"
        if not file.exists():
            return 0
        try:
            with safe_open(file, "pt", device=self.device) as state:
                step = int(state.metadata()["step"])
                tensors = {name: state.get_tensor(name).clone() for name in state.keys()}  # noqa: SIM118
        except SafetensorError as error:
            raise UserError(f"{file}: cannot be read: {error}; choose another --out") from error
        self._load_state(tensors, step)
        return step

    def _load_state(self, tensors: dict[str, Tensor], step: int) -> None:
        weights = {n.removeprefix("weight."): t for n, t in tensors.items() if n[:7] == "weight."}
        self.model.load_state_dict(weights)
        stage, within = self.recipe.at(step)
        self._begin(stage)
        for name, state in self._states():
            state |= _moments(tensors, name, within)


def _moments(tensors: dict[str, Tensor], name: str, steps: int) -> dict[str, Tensor]:
    """Return the optimiser state of the parameter `name` after `steps` steps.

    Return {} if `tensors` has no state of this parameter.
    """
    import torch

    moments = {m: tensors[f"{m}.{name}"] for m in _MOMENTS if f"{m}.{name}" in tensors}
    return {"step": torch.tensor(float(steps)), **moments} if "exp_avg" in moments else moments

"""Training of the audio models: what is interrupted and resumed ends with the same bytes."""

from pathlib import Path
from typing import Any

import pytest
import torch

from mmbench.train import train
from mmbench.train.recipe import recipe_of

AUDIO = {
    "model": "audioclip-nano",
    "family": "audio",
    "every": 2,
    "architecture": {
        "mel": {"hop": 256},
        "widths": [4, 8, 16],
        "heads": 2,
        "layers": 1,
        "text_width": 16,
        "text_heads": 2,
        "text_layers": 1,
    },
    "stages": [
        {"name": "a", "objective": "tagging", "steps": 3, "batch": 4, "rates": {"audio": 1e-3}},
        {"name": "b", "objective": "together", "steps": 3, "batch": 4},
    ],
}
ASR = {
    "model": "asr-nano",
    "family": "asr",
    "every": 2,
    "architecture": {"mel": {"hop": 160}, "width": 16, "layers": 1, "heads": 2},
    "stages": [{"name": "a", "objective": "ctc", "steps": 5, "batch": 4, "warm_up": 2}],
}


class StopError(Exception):
    """Stands for whatever ends a run early."""


@pytest.mark.parametrize("recipe", [AUDIO, ASR], ids=["audio", "asr"])
def test_two_halves_equal_one_whole(recipe: dict[str, Any], tmp_path: Path) -> None:
    made = recipe_of(recipe, "small")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    last = train(made, tmp_path / "whole")

    def stop(step: int, loss: float) -> None:
        if step == 5:
            raise StopError

    with pytest.raises(StopError):
        train(made, tmp_path / "halves", report=stop)
    resumed = train(made, tmp_path / "halves", resume=True)
    torch.set_num_threads(threads)
    for file in ("config.json", "model.safetensors"):
        assert (last / file).read_bytes() == (resumed / file).read_bytes()

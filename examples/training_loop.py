"""Evaluate a network after each epoch of its training, and plot the history of its scores.

This is a notebook as a script: editors run its cells one by one, and `jupytext` converts it.
"""

# %% The task: photographs of one colour, in memory, with their names.
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

import mmbench

COLOURS = {
    "red": (220, 40, 40),
    "green": (40, 160, 60),
    "blue": (50, 80, 220),
    "yellow": (230, 210, 40),
    "white": (240, 240, 240),
    "black": (15, 15, 15),
}
random = np.random.default_rng(0)


def photograph(colour: tuple[int, int, int]) -> Image.Image:
    """Return a noisy image of one colour."""
    noise = random.normal(0, 40, (16, 16, 3)) + random.normal(0, 25, 3)
    return Image.fromarray((np.array(colour) + noise).clip(0, 255).astype(np.uint8))


rows = [
    {"id": f"{name}-{n}", "image": photograph(colour), "label": name}
    for n in range(20)
    for name, colour in COLOURS.items()
]

# %% The network. A class with one method of `mmbench.protocols` gives it an ability.
network = torch.nn.Sequential(
    torch.nn.Linear(3, 32),
    torch.nn.ReLU(),
    torch.nn.Dropout(0.1),
    torch.nn.Linear(32, len(COLOURS)),
)


class ColourClassifier:
    """Classifies images by their mean colours."""

    modalities = frozenset({"image"})
    labels = tuple(COLOURS)

    def __init__(self, network: torch.nn.Module) -> None:
        self.network = network

    def classify(self, items: Sequence[Any], modality: str) -> Any:
        """Return the logits [n, c] of n images (PIL.Image in RGB)."""
        means = np.stack([np.asarray(image, np.float32).mean((0, 1)) / 255 for image in items])
        return self.network(torch.from_numpy(means)).numpy()


# %% The training. `evaluate` puts the network into evaluation mode, and back into training mode.
board = Path("runs/colours")
optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
targets = torch.arange(len(COLOURS))
results = []
for epoch in range(4):
    for _ in range(10 if epoch else 0):  # epoch 0 is the network before the training
        noise = torch.randn(32, len(COLOURS), 3) * 0.1
        inputs = torch.tensor(list(COLOURS.values())) / 255 + noise
        logits = network(inputs).flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(logits, targets.repeat(32))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    result = mmbench.evaluate(
        ColourClassifier(network), "labels", data=rows, name=f"colours@epoch-{epoch}", out=board
    )
    results.append(result)
    accuracy = float(result.scores["value"]["accuracy@1"])
    print(f"epoch {epoch}: accuracy {accuracy:.3f}")

# %% The last result: a table in a notebook, and frames with the scores and the samples.
print(results[-1])
wrong = results[-1].samples.query("`accuracy@1` == 0")
print(wrong[["id", "reference", "output"]].head())

# %% Did the training help? The test compares the samples of the first and the last epoch.
print(mmbench.compare(results[0], results[-1], metrics=["accuracy@1"]))

# %% The history of the training, with intervals.
history = mmbench.history("labels", out=board)
print(history)
history.plot().savefig(board / "history.png")

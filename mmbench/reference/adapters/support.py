"""What the adapters of the reference models share: the next token, and what a sound sounds like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mmbench.models.support.generation import cut_at
from mmbench.types import Generation, Sound, Written

if TYPE_CHECKING:
    from mmbench.reference.architectures.mel import Mel
    from mmbench.reference.tokens.sampling import Pick
    from mmbench.types import Array


def pick(options: Generation, rows: int) -> Pick:
    """The reference models' way to the next token of so many rows.

    Greedy at a temperature of 0; else every row has the same chance, whatever its batch.
    """
    import torch

    from mmbench.reference.tokens.sampling import Drawn, likeliest

    if options.temperature == 0:
        return likeliest
    chances = [torch.Generator().manual_seed(options.seed) for _ in range(rows)]
    return Drawn(options.temperature, options.top_p, chances)


def written(text: str, tokens: int, options: Generation, *, ended: bool) -> Written:
    """What a reference model wrote in so many tokens, cut at the stops of `options`.

    `ended` says that it ended by itself.
    """
    cut = cut_at(text, options.stop)
    return Written(cut.strip(), "stop" if ended or cut != text else "length", tokens)


def spectrogram(sound: Sound, mel: Mel, least: int) -> Array:
    """`log_mel` of a sound, float32 [t, bands]; one below `least` samples ends in silence."""
    import torch

    from mmbench.reference.architectures.mel import log_mel

    samples = np.pad(sound.samples, (0, max(0, least - len(sound.samples))))
    return log_mel(torch.from_numpy(samples), mel).numpy()

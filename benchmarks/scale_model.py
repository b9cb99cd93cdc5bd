"""A plugin with a model that sleeps: it costs no computing, so that other costs show."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import mmbench

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@mmbench.register("model", "sleeper")
class Sleeper:
    """Sleeps for `pause` seconds in each batch; `seconds` is the CPU time of all batches."""

    modalities = frozenset({"text"})
    version = 1
    seconds = 0.0

    def __init__(
        self, folder: Path | None, *, device: str, dtype: str, pause: float = 0.05
    ) -> None:
        self._pause = pause

    def embed(self, items: Sequence[str], modality: str, role: str) -> NDArray[np.float32]:
        """Return the lengths of the texts in vectors [n, 8]."""
        import numpy as np

        start = time.thread_time()
        if self._pause:
            time.sleep(self._pause)
        lengths = np.fromiter(map(len, items), np.float32, len(items))
        vectors = np.repeat(1 + lengths[:, None], 8, axis=1)
        Sleeper.seconds += time.thread_time() - start
        return vectors

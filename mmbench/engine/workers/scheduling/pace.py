"""The number of batches in a call of a worker.

A call costs the driver about a millisecond. Quick batches are therefore computed several in a call,
and slow batches one in a call, so that they are spread evenly and few are lost with a worker.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.columns import are_texts
from mmbench.engine.workers.messages import CallReply
from mmbench.types import Item

_SECONDS = 0.05  # of computing in a call
_BYTES = 4 << 20  # of items and outputs of a call, which are in memory several times
_MOST = 32  # batches in a call; more would save nothing


class Pace:
    """Chooses the number of batches in a call so that the worker computes for about 50 ms.

    The first calls have one batch. Each later call has at most twice as many as one before, because
    the batches of a run may differ.
    """

    def __init__(self) -> None:
        self._size = 1

    def size(self, left: int, workers: int) -> int:
        """Return the number of batches in the next call, if `left` batches have no call yet.

        The last batches are divided among all workers.
        """
        return max(1, min(self._size, left // (2 * workers)))

    def learn(self, reply: CallReply, items: Sequence[Item]) -> None:
        """Take account of a call: its time, the bytes of its outputs, and of its items if texts."""
        batches, seconds = len(reply.batches), sum(one.seconds for one in reply.batches)
        most = max(self._size, 2 * batches)
        in_time = int(_SECONDS * batches / max(seconds, 1e-9))
        n_bytes = reply.n_bytes + (items.array.nbytes if are_texts(items) else 0)
        in_memory = _BYTES * batches // max(n_bytes, 1)
        self._size = max(1, min(most, in_time, in_memory, _MOST))

"""Quick batches share a call, slow batches have a call each, and outputs stay in their order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.columns import pack
from mmbench.engine.dispatch import StoredRow
from mmbench.engine.workers.messages import BatchReply, CallReply, as_reply
from mmbench.engine.workers.scheduling.pace import Pace
from mmbench.errors import ContentError, SampleError
from mmbench.storage.journal.entries import RowBlock


def reply(batches: int, seconds: float, n_bytes: int = 0) -> CallReply:
    """Return the reply of a call whose batches took `seconds` each."""
    block = np.zeros(batches * n_bytes, np.uint8)
    return CallReply(block, [BatchReply(1, n_bytes, seconds=seconds)] * batches)


def settled(seconds: float, n_bytes: int = 0, items: list[str] | None = None) -> int:
    """Return the number of batches in a call after many calls."""
    pace = Pace()
    for _ in range(10):
        size = pace.size(10**6, 1)
        pace.learn(reply(size, seconds, n_bytes), pack((items or []) * size))
    return pace.size(10**6, 1)


def test_calls_take_about_fifty_milliseconds() -> None:
    assert [settled(s) for s in (0.2, 0.05, 0.03, 0.01, 0.004, 1e-6, 0.0)] == [
        1,
        1,
        1,
        5,
        12,
        32,
        32,
    ]


def test_calls_with_many_bytes_have_fewer_batches() -> None:
    assert settled(0.0, 1 << 20) == 4
    assert settled(0.0, 8 << 20) == 1
    assert settled(0.0, items=["a" * (1 << 19), "b" * (1 << 19)]) == 3  # and their offsets


def test_calls_at_most_double() -> None:
    pace = Pace()
    pace.learn(reply(1, 1e-6), [])
    assert pace.size(10**6, 1) == 2
    pace.learn(reply(2, 1e-6), [])
    pace.learn(reply(1, 1e-6), [])  # a late reply does not shorten the calls
    assert pace.size(10**6, 1) == 4
    pace.learn(reply(4, 0.1), [])
    assert pace.size(10**6, 1) == 1


@given(st.integers(1, 3000), st.integers(1, 64))
def test_the_last_batches_are_divided_among_the_workers(left: int, workers: int) -> None:
    pace = Pace()
    for _ in range(6):
        pace.learn(reply(pace.size(10**6, 1), 1e-6), [])
    while left:
        size = pace.size(left, workers)
        assert 1 <= size <= max(1, left / (2 * workers))
        left -= size


block = st.tuples(st.integers(1, 4), st.integers(1, 9)).map(
    lambda shape: RowBlock(bytes(range(shape[0] * shape[1])), shape[0])
)
separate = st.lists(
    st.one_of(st.binary(max_size=9), st.sampled_from([SampleError("a"), ContentError("b")])),
    min_size=1,
    max_size=4,
)


@given(st.lists(st.one_of(block, separate), max_size=6))
def test_a_reply_has_the_outputs_of_each_batch(batches: list[list[StoredRow]]) -> None:
    blocks: list[memoryview] = []
    replies = [as_reply(outputs, blocks) for outputs in batches]
    found = CallReply(np.frombuffer(b"".join(blocks), np.uint8), replies)
    for outputs, expected in zip(found.outputs(), batches, strict=True):
        assert [*map(plain, outputs)] == [*map(plain, expected)]
    assert found.n_bytes == sum(
        len(row) for rows in batches for row in rows if not isinstance(row, SampleError)
    )


def plain(output: StoredRow) -> bytes | tuple[type, str]:
    if isinstance(output, SampleError):
        return type(output), str(output)
    return bytes(output)


@pytest.mark.parametrize("missing", [(), (b"digest",)])
def test_a_batch_without_outputs_has_no_rows(missing: tuple[bytes, ...]) -> None:
    found = CallReply(np.zeros(4, np.uint8), [BatchReply(missing=missing), BatchReply(2, 2)])
    assert [len(outputs) for outputs in found.outputs()] == [0, 2]

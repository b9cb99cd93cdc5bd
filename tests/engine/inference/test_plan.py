"""The plan of batches: every row once, alike in length, the same whatever the journal holds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmbench.engine.execution.batch_sizes import CPU_BATCH, CUDA_BATCH, first_size
from mmbench.engine.inference.plan import WINDOW, plan
from mmbench.storage.content_keys import as_keys, digest

LENGTHS = st.lists(st.integers(0, 40), max_size=200)


def keys_for(lengths: list[int]) -> list[bytes]:
    return [digest(str(i)) for i in range(len(lengths))]


def planned(lengths: list[int], keys: list[bytes], size: int) -> list[list[int]]:
    return [rows.tolist() for rows in plan(np.array(lengths, np.int64), as_keys(keys), size)]


def naive(lengths: list[int], keys: list[bytes], size: int) -> list[list[int]]:
    batches = []
    for start in range(0, len(lengths), WINDOW):
        window = range(start, min(start + WINDOW, len(lengths)))
        rows = sorted(window, key=lambda row: (-lengths[row], keys[row]))
        batches += [rows[i : i + size] for i in range(0, len(rows), size)]
    return batches


@given(LENGTHS, st.integers(1, 64))
def test_the_plan_is_that_of_a_sort(lengths: list[int], size: int) -> None:
    keys = keys_for(lengths)
    assert planned(lengths, keys, size) == naive(lengths, keys, size)


def test_the_plan_of_several_windows_is_that_of_a_sort() -> None:
    lengths = np.random.default_rng(0).integers(0, 50, 2 * WINDOW + 100).tolist()
    keys = keys_for(lengths)
    assert planned(lengths, keys, 60) == naive(lengths, keys, 60)


def test_keys_are_ordered_by_their_bytes() -> None:
    keys = [bytes(16), bytes(15) + b"\1", b"\1" + bytes(15), bytes(8) + b"\xff" + bytes(7)]
    assert planned([3] * 4, keys, 4) == naive([3] * 4, keys, 4) == [[0, 1, 3, 2]]


@given(LENGTHS, st.integers(1, 64))
def test_every_row_is_in_one_batch(lengths: list[int], size: int) -> None:
    batches = planned(lengths, keys_for(lengths), size)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(len(batch) == size for batch in batches[:-1])


@given(LENGTHS, st.randoms(use_true_random=False))
def test_the_order_of_the_data_does_not_change_the_batches(
    lengths: list[int], random: object
) -> None:
    keys = keys_for(lengths)
    order = list(range(len(lengths)))
    random.shuffle(order)  # type: ignore[attr-defined]
    straight = [[keys[row] for row in batch] for batch in planned(lengths, keys, 7)]
    other_keys = [keys[i] for i in order]
    shuffled = planned([lengths[i] for i in order], other_keys, 7)
    assert [[other_keys[row] for row in batch] for batch in shuffled] == straight


def test_a_window_is_all_that_is_sorted() -> None:
    lengths = list(range(WINDOW + 10))
    batches = planned(lengths, keys_for(lengths), 64)
    assert batches[0][0] == WINDOW - 1
    assert batches[-1] == list(range(WINDOW + 9, WINDOW - 1, -1))


def test_the_first_size_shrinks_with_the_input() -> None:
    assert first_size(1000, "cpu") == CPU_BATCH
    assert first_size(1 << 62, "cpu") == 1
    assert first_size(1 << 62, "cuda:0") == CUDA_BATCH

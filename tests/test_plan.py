"""The plan of batches: every row once, alike in length, the same whatever the journal holds."""

from hypothesis import given
from hypothesis import strategies as st

from mmbench.contents import digest
from mmbench.engine.plan import CPU_BATCH, CUDA_BATCH, WINDOW, first_size, plan

LENGTHS = st.lists(st.integers(0, 40), max_size=200)


def keys_for(lengths: list[int]) -> list[bytes]:
    return [digest(str(i)) for i in range(len(lengths))]


@given(LENGTHS, st.integers(1, 64))
def test_every_row_is_in_one_batch(lengths: list[int], size: int) -> None:
    batches = plan(lengths, keys_for(lengths), size)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(len(batch) == size for batch in batches[:-1])


@given(LENGTHS, st.integers(1, 64))
def test_longest_first(lengths: list[int], size: int) -> None:
    planned = [lengths[row] for batch in plan(lengths, keys_for(lengths), size) for row in batch]
    assert planned == sorted(lengths, reverse=True)


@given(LENGTHS, st.randoms(use_true_random=False))
def test_the_order_of_the_data_does_not_change_the_batches(
    lengths: list[int], random: object
) -> None:
    keys = keys_for(lengths)
    order = list(range(len(lengths)))
    random.shuffle(order)  # type: ignore[attr-defined]
    straight = [[keys[row] for row in batch] for batch in plan(lengths, keys, 7)]
    other_keys = [keys[i] for i in order]
    shuffled = plan([lengths[i] for i in order], other_keys, 7)
    assert [[other_keys[row] for row in batch] for batch in shuffled] == straight


def test_a_window_is_all_that_is_sorted() -> None:
    lengths = list(range(WINDOW + 10))
    batches = plan(lengths, keys_for(lengths), 64)
    assert batches[0][0] == WINDOW - 1
    assert batches[-1] == list(range(WINDOW + 9, WINDOW - 1, -1))


def test_the_first_size_shrinks_with_the_input() -> None:
    assert first_size(1000, "cpu") == CPU_BATCH
    assert first_size(1 << 62, "cpu") == 1
    assert first_size(1 << 62, "cuda:0") == CUDA_BATCH

"""Workers compute the same bits as one process, however many there are."""

from collections.abc import Callable

import pytest

from mmbench.engine.workers.executor import RayExecutor
from tests.engine.workers.conftest import Outcome

pytestmark = pytest.mark.slow  # starts Ray several times

RUNS = {
    "embed": ("clip-nano", "shapes-retrieval", 24),
    "write": ("llava-nano", "shapes-vqa", 24),
    "classify": ("video-nano", "shapes-motion", 24),
    "loglikelihood": ("llava-nano", "shapes-chat", 16),
    "draw": ("unified-nano", "shapes-draw", 9),
}
Workers = Callable[[int], RayExecutor]
Compute = Callable[..., Outcome]


def compare(method: str, number: int, workers: Workers, outcome: Compute) -> None:
    model, task, limit = RUNS[method]
    expected = outcome(model, task, None, limit=limit)
    found = outcome(model, task, workers(number), limit=limit)
    assert found.rows.equals(expected.rows)
    assert found.record.scores == expected.record.scores
    assert found.record.counts == expected.record.counts
    assert found.record.environment["workers"] == number


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("method", RUNS)
def test_two_workers_compute_the_bits_of_one_process(
    method: str, workers: Workers, outcome: Compute
) -> None:
    compare(method, 2, workers, outcome)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("method", RUNS)
def test_any_number_of_workers_computes_the_bits_of_one_process(
    method: str, number: int, workers: Workers, outcome: Compute
) -> None:
    compare(method, number, workers, outcome)

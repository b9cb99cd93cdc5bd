"""The choice of GPUs for an index, with a stand-in for FAISS that has GPUs.

tests/test_cuda.py runs the indexes themselves, where there is a GPU.
"""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmbench.errors import UserError
from mmbench.search.indexes.gpus import on_gpus, train, usable_gpus
from mmbench.validation.devices import torch_device


class Index:
    """An index that knows where it is and what it was trained on."""

    def __init__(self, place: str = "cpu", trained: object = None) -> None:
        self.place, self.trained = place, trained

    def train(self, vectors: np.ndarray) -> None:
        self.trained = self.place


class Faiss:
    """The functions that copy an index; `refusals` are their messages by number of GPUs."""

    def __init__(self, refusals: dict[int, str]) -> None:
        self.refusals = refusals

    StandardGpuResources = GpuMultipleClonerOptions = SimpleNamespace

    def index_cpu_to_gpu(self, _: object, gpu: int, index: Index) -> Index:
        return self._clone(f"gpu {gpu}", 1, index)

    def index_cpu_to_gpus_list(self, index: Index, co: SimpleNamespace, gpus: list[int]) -> Index:
        assert co.shard is True
        return self._clone(f"shards on {gpus}", len(gpus), index)

    def index_gpu_to_cpu(self, index: Index) -> Index:
        return Index("cpu", index.trained)

    def _clone(self, place: str, gpus: int, index: Index) -> Index:
        if gpus in self.refusals:
            raise RuntimeError(self.refusals[gpus])
        return Index(place, index.trained)


NOT_SHARDED = "IndexShards implemented only for IndexIVFFlat, IndexFlat and IndexIVFPQ"
NOT_CLONED = "This index type is not implemented on GPU."


@pytest.mark.parametrize(
    ("gpus", "refusals", "place", "used"),
    [
        ([], {}, "cpu", []),
        ([2], {}, "gpu 2", [2]),
        ([0, 1], {}, "shards on [0, 1]", [0, 1]),
        ([0, 1], {2: NOT_SHARDED}, "gpu 0", [0]),
        ([0, 1], {2: NOT_SHARDED, 1: NOT_CLONED}, "cpu", []),
    ],
)
def test_an_index_goes_as_far_as_its_type_allows(
    gpus: list[int], refusals: dict[int, str], place: str, used: list[int]
) -> None:
    clone, found = on_gpus(Faiss(refusals), Index(), gpus)  # type: ignore[arg-type]
    assert (clone.place, found) == (place, used)  # type: ignore[attr-defined]


def test_an_error_of_a_gpu_is_not_hidden() -> None:
    with pytest.raises(RuntimeError, match="out of memory"):
        on_gpus(Faiss({2: "out of memory"}), Index(), [0, 1])  # type: ignore[arg-type]


@pytest.mark.parametrize(("refusals", "place"), [({}, "gpu 1"), ({1: NOT_CLONED}, "cpu")])
def test_training_takes_one_gpu_and_returns_to_the_cpu(
    refusals: dict[int, str], place: str
) -> None:
    faiss, vectors = Faiss(refusals), np.ones((3, 2), np.float32)
    trained = train(faiss, Index(), vectors, [1, 2])  # type: ignore[arg-type]
    assert (trained.place, trained.trained) == ("cpu", place)  # type: ignore[attr-defined]


def test_the_gpus_of_a_device() -> None:
    faiss = SimpleNamespace(get_num_gpus=lambda: 3)
    devices = ("cuda", "cuda:2", "cpu", "torch:cpu")
    assert [usable_gpus(faiss, one) for one in devices] == [[0, 1, 2], [2], [], []]  # type: ignore[arg-type]
    assert usable_gpus(SimpleNamespace(), "cuda") == []  # type: ignore[arg-type]


@pytest.mark.skipif(torch.cuda.is_available(), reason="torch sees a CUDA device")
def test_names_of_devices() -> None:
    assert torch_device("auto", "--device") == torch_device("cpu", "--device") == "cpu"
    for name, message in (
        ("cuda", "--device cuda: torch sees no CUDA device; use --device cpu"),
        ("cuda:x", "--device cuda:x: not a device; use auto, cpu, cuda or cuda:N"),
    ):
        with pytest.raises(UserError) as error:
            torch_device(name, "--device")
        assert str(error.value) == message

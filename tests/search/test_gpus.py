"""Indexes on GPUs: where each type goes, and what it finds in shards.

The module `GpuFaiss` is FAISS with the functions that only builds for GPUs have. They do what
faiss/gpu/GpuCloner.cpp does, but a GPU is a part of the CPU's memory: shards are real, too.
tests/test_cuda.py runs the indexes themselves, where there is a GPU.
"""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from mmbench.errors import UserError
from mmbench.search.indexes import approximate
from mmbench.search.indexes.approximate import FaissIndex, make_index
from mmbench.search.indexes.gpus import on_gpus, train, usable_gpus
from mmbench.validation.devices import torch_device
from tests.support.rankings import unit_vectors

NOT_CLONED = "This index type is not implemented on GPU."


class GpuFaiss:
    """FAISS with `n` GPUs. `refusal` is the message of an error that every clone raises.

    `calls` has the GPUs of each clone, and whether it used cuVS.
    """

    def __init__(self, n: int = 2, refusal: str = "", *, cuvs: bool = False) -> None:
        self._faiss: Any = pytest.importorskip("faiss")
        self._n, self._refusal, self._cuvs = n, refusal, cuvs
        self._kept: list[object] = []  # parts of indexes, which C++ does not keep
        self.calls: list[tuple[int, bool]] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._faiss, name)

    def get_num_gpus(self) -> int:
        return self._n

    def GpuMultipleClonerOptions(self) -> SimpleNamespace:
        return SimpleNamespace(shard=False, use_cuvs=self._cuvs)

    def index_cpu_to_gpus_list(self, index: Any, co: SimpleNamespace, gpus: list[int]) -> Any:
        self.calls.append((len(gpus), co.use_cuvs))
        if self._refusal and (co.use_cuvs or not self._cuvs):
            raise RuntimeError(self._refusal)
        assert co.shard == (len(gpus) > 1)
        return self._clone(index, len(gpus))

    def index_gpu_to_cpu(self, index: Any) -> Any:
        return self._faiss.clone_index(index)

    def _clone(self, index: Any, gpus: int) -> Any:
        faiss = self._faiss
        if isinstance(index, faiss.IndexPreTransform):
            clone = faiss.clone_index(index)
            clone.own_fields = False
            inner = self._clone(faiss.downcast_index(index.index), gpus)
            clone.index = inner
            self._kept += [inner, index]
            return clone
        if isinstance(index, faiss.IndexFlat | faiss.IndexIVFFlat | faiss.IndexIVFPQ):
            return self._shards(index, gpus) if gpus > 1 else faiss.clone_index(index)
        if gpus == 1:
            raise RuntimeError(NOT_CLONED)
        return faiss.clone_index(index)  # on the CPU, and without an error

    def _shards(self, index: Any, gpus: int) -> Any:
        shards = self._faiss.IndexShards(index.d, True, isinstance(index, self._faiss.IndexFlat))
        for _ in range(gpus):
            shard = self._faiss.clone_index(index)
            self._kept.append(shard)
            shards.add_shard(shard)
        return shards


@pytest.mark.parametrize(
    ("factory", "gpus", "used"),
    [
        ("Flat", [], []),
        ("Flat", [2], [2]),
        ("Flat", [0, 1], [0, 1]),
        ("IVF4,Flat", [0, 1, 2], [0, 1, 2]),
        ("PCA4,IVF4,PQ2", [0, 1], [0, 1]),
        ("HNSW8", [0], []),
        ("HNSW8", [0, 1], []),
        ("PCA4,HNSW8", [0, 1], []),
        ("SQ8", [0, 1], []),
    ],
)
def test_an_index_goes_as_far_as_its_type_allows(
    factory: str, gpus: list[int], used: list[int]
) -> None:
    faiss: Any = GpuFaiss(3)
    index = make_index(8, factory)
    clone, found = on_gpus(faiss, index, gpus)
    assert found == used
    assert (clone is index) == (not used)


@pytest.mark.parametrize(
    "factory", ["Flat", "IVF8,Flat;nprobe=8", "PCA12,IVF8,Flat;nprobe=8", "HNSW16"]
)
def test_shards_find_what_one_index_finds(factory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, queries = unit_vectors(900, 16, 1), unit_vectors(50, 16, 2)
    corpus[500:520] = corpus[:20]
    alone = FaissIndex(corpus, factory)
    faiss = GpuFaiss(3)
    monkeypatch.setattr(approximate, "_faiss", lambda: faiss)
    divided = FaissIndex(corpus, factory, device="cuda")
    assert divided.gpus == ([] if factory == "HNSW16" else [0, 1, 2])
    assert np.array_equal(divided.nearest(queries, 30), alone.nearest(queries, 30))


@pytest.mark.parametrize(
    "refusal",
    [
        NOT_CLONED,
        "GPU: only by_residual = true is supported",
        "Unsupported scalar QuantizerType on GPU",
        "Bits per code must be 8 (passed 4)",
        "Device 0 has 49152 bytes of shared memory, while 8 bits per code and 64 sub-quantizers",
    ],
)
def test_an_index_that_gpus_cannot_hold_stays_on_the_cpu(refusal: str) -> None:
    faiss: Any = GpuFaiss(2, refusal)
    index = make_index(8, "Flat")
    assert on_gpus(faiss, index, [0, 1]) == (index, [])
    assert faiss.calls == [(2, False), (1, False)]


def test_an_index_that_cuvs_lacks_is_cloned_without_it() -> None:
    faiss: Any = GpuFaiss(2, "this type of index is not implemented for cuVS", cuvs=True)
    _, used = on_gpus(faiss, make_index(8, "Flat"), [0, 1])
    assert used == [0, 1]
    assert faiss.calls == [(2, True), (2, False)]


def test_an_error_of_a_gpu_is_not_hidden() -> None:
    faiss: Any = GpuFaiss(2, "StandardGpuResources: alloc fail: cudaMalloc error out of memory")
    with pytest.raises(RuntimeError, match="out of memory"):
        on_gpus(faiss, make_index(8, "Flat"), [0, 1])


@pytest.mark.parametrize(("factory", "calls"), [("IVF4,Flat", 1), ("HNSW8", 1)])
def test_training_takes_one_gpu_and_returns_to_the_cpu(factory: str, calls: int) -> None:
    faiss: Any = GpuFaiss(3)
    trained = train(faiss, make_index(8, factory), unit_vectors(200, 8, 1), [1, 2])
    assert trained.is_trained
    assert faiss.calls == [(1, False)] * calls


def test_a_build_without_its_libraries_is_named(tmp_path: Path) -> None:
    """As in faiss/python/__init__.py: a build for GPUs raises RuntimeError without CUDA."""
    (tmp_path / "faiss").mkdir()
    (tmp_path / "faiss" / "__init__.py").write_text(
        'raise RuntimeError("faiss-gpu installed but nvidia-cublas-cu12 is missing")\n'
    )
    code = "from mmbench.search.indexes.approximate import check_factory; check_factory('Flat')"
    paths = [str(tmp_path), *sys.path]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:] = {paths!r}; {code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    message = "UserError: --index: faiss cannot be imported: faiss-gpu installed but nvidia-cublas"
    assert message in done.stderr


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

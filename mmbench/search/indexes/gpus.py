"""FAISS indexes on GPUs.

Facts about FAISS were read in its sources (facebookresearch/faiss, faiss/gpu/GpuCloner.cpp and
faiss/IndexShards.cpp): an index is copied to GPUs by cloning. Clones exist for flat and IVF indexes
(also behind a vector transform) and, in builds with cuVS, for CAGRA; other types raise a
RuntimeError. With `shard=True`, each GPU gets a part of the vectors; to shards of a flat index,
vectors can be added only once.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faiss import Index

    from mmbench.types import Array

# Messages of FAISS for types of indexes that have no clone on GPUs.
_REFUSALS = ("not implemented", "not supported", "implemented only for")


def usable_gpus(faiss: ModuleType, device: str) -> list[int]:
    """Return the numbers of the GPUs that `device` gives to FAISS.

    `cpu` gives none, `cuda:N` gives one, and `cuda` gives all. A build of FAISS without GPUs has
    none.
    """
    kind, _, number = device.partition(":")
    found: int = getattr(faiss, "get_num_gpus", int)()
    if kind != "cuda":
        return []
    return [int(number)][:found] if number else list(range(found))


def train(faiss: ModuleType, index: Index, vectors: Array, gpus: list[int]) -> Index:
    """Return the index, trained on the first of the GPUs if there is a clone of its type."""
    clone, used = on_gpus(faiss, index, gpus[:1])
    clone.train(vectors)
    if not used:
        return index
    trained: Index = faiss.index_gpu_to_cpu(clone)
    return trained


def on_gpus(faiss: ModuleType, index: Index, gpus: list[int]) -> tuple[Index, list[int]]:
    """Return a clone of the index on GPUs, with a shard on each if there are several.

    Also return the GPUs that are used. An index whose type cannot be divided is cloned to the first
    GPU. An index whose type has no clone is returned unchanged, with no GPUs.
    """
    if not gpus:
        return index, []
    try:
        if len(gpus) == 1:
            clone: Index = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), gpus[0], index)
        else:
            options = faiss.GpuMultipleClonerOptions()
            options.shard = True
            clone = faiss.index_cpu_to_gpus_list(index, co=options, gpus=gpus)
    except RuntimeError as error:
        if not any(words in str(error) for words in _REFUSALS):
            raise
        return on_gpus(faiss, index, gpus[:1] if len(gpus) > 1 else [])
    return clone, gpus

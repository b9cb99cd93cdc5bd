"""FAISS indexes on GPUs.

Facts about FAISS were read in its sources of August 2026 (facebookresearch/faiss,
faiss/gpu/GpuCloner.cpp, faiss/gpu/GpuIndexIVFPQ.cu, faiss/clone_index.cpp, faiss/IndexShards.cpp):
an index is copied to GPUs by cloning. Clones on one GPU exist for flat and IVF indexes (also behind
a vector transform) and, in builds with cuVS, for CAGRA; other types, and codes that the GPU cannot
read, raise a RuntimeError. On several GPUs, `shard=True` divides flat and IVF indexes into an
IndexShards; other types raise no error, but are cloned on the CPU. To shards of a flat index,
vectors can be added only once. Builds with cuVS use it for all types unless `use_cuvs` is false,
and cuVS lacks the flat index in float16.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faiss import Index

    from mmbench.types import Array

# Messages of FAISS for types and codes of indexes that have no clone on GPUs: "not implemented",
# "is not supported", "Unsupported", "only by_residual = true is supported", "Bits per code must be
# 8", "Insufficient shared memory".
_REFUSALS = ("implemented", "supported", "bits per code", "shared memory")


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
    for used in (gpus, gpus[:1]) if len(gpus) > 1 else (gpus,) * bool(gpus):
        for options in _options(faiss, shard=len(used) > 1):
            clone = _clone(faiss, index, used, options)
            if clone is not None and (len(used) == 1 or _is_divided(faiss, clone)):
                return clone, used
    return index, []


def _options(faiss: ModuleType, *, shard: bool) -> Iterator[Any]:
    """Yield the options of a clone: those of the build, and those without cuVS if it has cuVS."""
    options = faiss.GpuMultipleClonerOptions()
    options.shard = shard
    yield options
    if options.use_cuvs:
        options.use_cuvs = False
        yield options


def _clone(faiss: ModuleType, index: Index, gpus: list[int], options: Any) -> Index | None:
    """Return a clone on GPUs; None if FAISS refuses the type of the index."""
    try:
        clone: Index = faiss.index_cpu_to_gpus_list(index, co=options, gpus=gpus)
    except RuntimeError as error:
        if not any(words in str(error).lower() for words in _REFUSALS):
            raise
        return None
    return clone


def _is_divided(faiss: ModuleType, index: Index) -> bool:
    """Return whether an index, or the index behind its transforms and ids, consists of shards."""
    while isinstance(index, faiss.IndexPreTransform | faiss.IndexIDMap):
        index = faiss.downcast_index(index.index)
    return isinstance(index, faiss.IndexShards)

"""The node of a worker: its name, its libraries, its cache of file hashes, memory and threads."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from pathlib import Path

from mmbench.engine import identity
from mmbench.engine.workers.messages import NodeFacts, WorkerSettings


def node_facts() -> NodeFacts:
    """Return the facts about the node of this worker."""
    import ray

    context = ray.get_runtime_context()
    address: str = ray.util.get_node_ip_address()
    device = "cuda" if context.get_accelerator_ids().get("GPU") else "cpu"
    return NodeFacts(
        f"{socket.gethostname()} ({address})",
        context.get_node_id(),
        device,
        _device_name(device),
        identity.all_versions(),
    )


def _device_name(device: str) -> str:
    if device == "cpu":
        return device
    import torch

    return torch.cuda.get_device_name()


def hash_cache(settings: WorkerSettings, node: str) -> Path:
    """Return the folder of cached file hashes: that of the driver, if it is on the same node.

    Nodes may share a home folder on a network file system, on which SQLite is not safe.
    """
    if node == settings.node and Path(settings.cache).is_dir():
        return Path(settings.cache)
    folder = Path(tempfile.gettempdir()) / f"mmbench-worker-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        return Path(tempfile.mkdtemp(prefix="mmbench-worker-"))
    return folder


def set_threads(threads: int) -> None:
    """Set the number of threads of torch, which can change the last bit of sums on a CPU.

    A torch that is imported later reads it from OMP_NUM_THREADS.
    """
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


def release_memory(device: str) -> None:
    """Release the memory of a model that is not used any more."""
    import gc

    gc.collect()
    if device != "cpu":
        import torch

        torch.cuda.empty_cache()

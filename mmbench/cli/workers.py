"""The executor of a command: this process, or Ray workers."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mmbench.errors import UserError

if TYPE_CHECKING:
    from mmbench.engine.execution.executor import Executor

_WORLD = "WORLD_SIZE"  # torchrun sets it, and starts the same command once for each rank


@contextmanager
def executor_of(args: argparse.Namespace) -> Iterator[Executor]:
    """Yield the executor that the flags of a command choose, and end its workers afterwards.

    Raises UserError for a command that torchrun started without workers, and for flags of workers
    without --workers or --ray.
    """
    if args.workers is None and args.ray is None:
        refuse_ranks(" and type --workers {ranks}")
        _refuse_resources(args)
        from mmbench.engine.execution.in_process import InProcessExecutor

        yield InProcessExecutor()
        return
    from mmbench.engine.workers.executor import RayExecutor, WorkerOptions

    workers = None if args.workers in (None, "auto") else args.workers
    _refuse_client(args.ray)
    if args.command != "train":  # its --device is that of the training
        _refuse_number(args.device)
    executor = RayExecutor(
        WorkerOptions(workers, args.ray, args.gpus_per_worker, args.cpus_per_worker)
    )
    try:
        yield executor
    finally:
        executor.close()


def refuse_ranks(advice: str = "") -> None:
    """Raise UserError if torchrun started this command more than once.

    `advice` follows the advice to leave out torchrun; `{ranks}` in it is the number of ranks.
    """
    ranks = os.environ.get(_WORLD, "")
    if ranks.isdecimal() and int(ranks) > 1:
        raise UserError(
            f"{_WORLD} is {ranks}: each rank would run everything again; start mmbench without"
            f" torchrun{advice.format(ranks=ranks)}"
        )


def _refuse_resources(args: argparse.Namespace) -> None:
    for name in ("gpus_per_worker", "cpus_per_worker"):
        if getattr(args, name) is not None:
            flag = f"--{name.replace('_', '-')}"
            raise UserError(f"{flag} is for workers; add --workers N, or leave it out")


def _refuse_number(device: str) -> None:
    if ":" in device:
        raise UserError(
            f"--device {device}: Ray chooses the GPU of each worker; type --device cuda"
        )


def _refuse_client(address: str | None) -> None:
    """Refuse an address of Ray Client, which has no futures of results."""
    if address is not None and "://" in address:
        raise UserError(
            f"--ray {address}: start mmbench on a node of the cluster and type --ray auto, or"
            " HOST:PORT of its head"
        )

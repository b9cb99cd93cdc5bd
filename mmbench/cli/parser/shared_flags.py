"""Flags that several commands share. Loads nothing but argparse."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TypeAlias

from mmbench.cli.parser.arguments import Parser, positive, seed

# What `add_subparsers` returns: argparse has no public name for it.
Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


def command(commands: Commands, name: str, group: str, text: str) -> argparse.ArgumentParser:
    """Add a subcommand with this name, run by the module `name` of mmbench.cli.commands.`group`."""
    parser = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    parser.set_defaults(module=f"{group}.{name}")
    return parser


def record_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a command that writes records."""
    add = parser.add_argument
    add(
        "--out",
        default="leaderboards",
        metavar="DIR",
        help="folder for records and tables, or its fsspec URL (default: ./leaderboards)",
    )
    add(
        "--allow-failed",
        default="0",
        metavar="N|N%",
        help="exit with 0 if at most this many samples failed (default: 0)",
    )
    add("--json", action="store_true", help="the run records as a JSON array on stdout")
    add("--quiet", action="store_true", help="do not show progress")


def allow_outside(parser: argparse.ArgumentParser) -> None:
    """Add the flag of a command that may send files of a data set to an endpoint."""
    parser.add_argument(
        "--allow-outside",
        action="store_true",
        help="also send files outside the data folder to an endpoint on another machine",
    )


RUN = (
    "a path, an id or its beginning, latest, best (the best headline that can be compared with"
    " the latest run), or MODEL@CHECKPOINT (its latest run)"
)


def runs_of_task(parser: argparse.ArgumentParser) -> None:
    """Add the flag for the task of a RUN."""
    parser.add_argument(
        "-t", "--task", metavar="TASK", help="look up RUN among the runs of this task"
    )


def published_as(parser: argparse.ArgumentParser) -> None:
    """Add the flag of a command that compares with published numbers."""
    parser.add_argument(
        "--published-as", metavar="HUB_ID", help="compare with the numbers published for this model"
    )


def inception(parser: argparse.ArgumentParser) -> None:
    """Add the flag of a command that may measure FID."""
    parser.add_argument(
        "--inception",
        type=Path,
        metavar="FILE",
        help="torch-fidelity's Inception weights, for the FID family of metrics",
    )


def pair(parser: argparse.ArgumentParser, *, model: bool = True) -> None:
    """Add the flags of a command with tasks, and with models, required if `model`."""
    add = parser.add_argument
    add(
        "-m",
        "--model",
        action="append",
        required=model,
        default=None if model else [],
        metavar="MODEL",
        help="[frames+]NAME[@CHECKPOINT[#REVISION]], a YAML file, or a baseline: oracle, constant,"
        " random, empty, hedge; repeat for several",
    )
    add(
        "-t",
        "--task",
        action="append",
        required=True,
        metavar="TASK",
        help="a task's name or YAML file; repeat for several",
    )
    add(
        "--data",
        action="append",
        default=[],
        metavar="[TASK=]PATH",
        help="the data: a folder or an annotations file (default: $MMBENCH_DATA/<folder>)",
    )
    add(
        "--limit",
        type=positive,
        metavar="N",
        help="only the first N samples; for retrieval, the first N documents and the queries about"
        " them",
    )
    add(
        "--index",
        metavar="exact|FACTORY",
        help="for retrieval: exact ranks (the default), or a FAISS index such as Flat, HNSW32,"
        " 'IVF1024,Flat;nprobe=16'",
    )
    add(
        "--seed",
        type=seed,
        default=0,
        metavar="N",
        help="seed of generated images and baselines (default: 0)",
    )
    machine(parser)
    allow_outside(parser)
    published_as(parser)
    inception(parser)
    plugins(parser)


def device(parser: argparse.ArgumentParser, default: str = "auto", text: str = "") -> None:
    """Add `--device`; `text` replaces the help text, which names the default."""
    text = text or f"default: {default}"
    parser.add_argument("--device", default=default, metavar="auto|cpu|cuda[:N]", help=text)


def machine(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a command that loads a model."""
    device(parser)
    add = parser.add_argument
    add(
        "--dtype",
        default="auto",
        choices=["auto", "float32", "bfloat16", "float16"],
        help="data type of the weights; auto is float32, or bfloat16 for language models where"
        " supported",
    )
    add(
        "--batch-size",
        default="auto",
        type=_batch_size,
        metavar="auto|N",
        help="auto starts from the free memory and halves when it runs out",
    )
    add("--model-arg", action="append", default=[], metavar="K=V", help="an option of the model")
    add("--api-base", metavar="URL", help="the endpoint of model api: http://localhost:8000/v1")
    add("--concurrency", type=positive, metavar="N", help="parallel requests to an endpoint")
    add(
        "--insecure-http",
        action="store_true",
        help="send the key to an endpoint on another machine without encryption",
    )
    add(
        "--trust-remote-code",
        action="store_true",
        help="run code from the checkpoint; needs a pinned revision",
    )


def inputs(parser: argparse.ArgumentParser, data: str, metavar: str = "PATH") -> None:
    """Add the flags of a command in which only metrics may use a model."""
    add = parser.add_argument
    add("--data", type=Path, metavar=metavar, help=data)
    device(parser, text="the device of the models that metrics use")
    inception(parser)


def plugins(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a command that looks up names, including those of tasks."""
    add = parser.add_argument
    add("--tasks", action="append", default=[], metavar="DIR", help="look for tasks here first")
    plugin(parser)


def plugin(parser: argparse.ArgumentParser) -> None:
    """Add the flag of a command that looks up names."""
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="FILE.py",
        help="run a file that registers models, metrics, data sources, kinds or trainers",
    )


def _batch_size(text: str) -> int | None:
    return None if text == "auto" else positive(text)

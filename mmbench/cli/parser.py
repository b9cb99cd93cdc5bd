"""All commands and flags. Loads nothing but argparse; docs/cli.md is generated from it."""

from __future__ import annotations

import argparse
from typing import Any

from mmbench import __version__

EXIT_CODES = """exit codes: 0 done; 1 a negative verdict; 2 an error of yours, one line says what to
type; 3 samples failed beyond --allow-failed; 70 a bug; 130 interrupted, resumable"""


def make_parser() -> argparse.ArgumentParser:
    """The parser of `mmbench`. Each command sets `module`, its module in mmbench.cli."""
    parser = argparse.ArgumentParser(
        prog="mmbench",
        description="Evaluate multimodal models: one command, one honest number.",
        epilog=EXIT_CODES,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"mmbench {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (
        _run,
        _score,
        _rescore,
        _selftest,
        _check,
        _list,
        _show,
        _leaderboard,
        _train,
        _cache,
    ):
        add(commands)
    return parser


def _command(commands: Any, name: str, module: str, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text, allow_abbrev=False
    )
    parser.set_defaults(module=module)
    return parser


def _run(commands: Any) -> None:
    parser = _command(commands, "run", "run", "run models on tasks and write the leaderboard")
    _pair(parser)
    _written(parser)
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="compute everything again; the cache is kept, and not read",
    )


def _score(commands: Any) -> None:
    text = "score anybody's outputs, read from a file, into the same leaderboard"
    parser = _command(commands, "score", "score", text)
    add = parser.add_argument
    add("-t", "--task", required=True, metavar="TASK", help="a task's name or YAML file")
    add(
        "--predictions",
        required=True,
        metavar="FILE",
        help="JSONL, JSON (COCO, VQA results), CSV, .npz, .npy, trn, a TREC run, or a folder of"
        " images; docs/scoring.md shows each",
    )
    add("--name", metavar="NAME", help="what the board calls the model (default: the file's name)")
    add("--partial", action="store_true", help="score what is there, although outputs are missing")
    add("--data", metavar="PATH", help="the references (default: $MMBENCH_DATA/<folder>)")
    add("--limit", type=_positive, metavar="N", help="only the first N samples")
    add("--device", default="auto", metavar="auto|cpu|cuda[:N]", help="of models that metrics want")
    add("--seed", type=int, default=0, metavar="N", help="of the intervals (default: 0)")
    _published_as(parser)
    _inception(parser)
    _written(parser)
    _plugins(parser)


def _rescore(commands: Any) -> None:
    text = "measure stored outputs again, with other metrics; the model is not run"
    parser = _command(commands, "rescore", "rescore", text)
    add = parser.add_argument
    add("run", nargs="+", metavar="RUN", help="a path, an id, or the beginning of one")
    add(
        "--metric",
        action="append",
        default=[],
        metavar="NAME",
        help="measure this one (default: those of the task as it is now); repeat for several",
    )
    add("--data", metavar="PATH", help="the data, for metrics that look at a sample's inputs")
    add("--device", default="auto", metavar="auto|cpu|cuda[:N]", help="of models that metrics want")
    _inception(parser)
    _written(parser)
    _plugins(parser)


def _selftest(commands: Any) -> None:
    text = "what must hold of a task whatever model is run: oracle, chance, order, corrupt samples"
    parser = _command(commands, "selftest", "selftest", text)
    parser.add_argument("task", nargs="*", metavar="TASK", help="default: all tasks")
    parser.add_argument("--data", metavar="PATH", help="try it on these data (default: on its own)")
    _inception(parser)
    _plugins(parser)


def _written(parser: argparse.ArgumentParser) -> None:
    """The flags of a command that writes records."""
    add = parser.add_argument
    add(
        "--out",
        default="leaderboards",
        metavar="DIR",
        help="where records and tables go: a folder or an fsspec URL (default: ./leaderboards)",
    )
    add(
        "--allow-failed",
        default="0",
        metavar="N|N%",
        help="end with 0 although this many samples failed (default: 0)",
    )
    add("--json", action="store_true", help="the run records as a JSON array on stdout")
    add("--quiet", action="store_true", help="no progress")


def _published_as(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--published-as", metavar="HUB_ID", help="compare with the numbers published for this model"
    )


def _inception(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--inception", metavar="FILE", help="torch-fidelity's Inception weights, for fid and kin"
    )


def _check(commands: Any) -> None:
    text = "everything but the forward passes: names, data, files, weights"
    _pair(_command(commands, "check", "check", text))


def _pair(parser: argparse.ArgumentParser) -> None:
    """The flags of a command that takes models and tasks."""
    add = parser.add_argument
    add(
        "-m",
        "--model",
        action="append",
        required=True,
        metavar="MODEL",
        help="NAME[@CHECKPOINT[#REVISION]], a YAML file, or a baseline: oracle, constant, random,"
        " empty, hedge; repeat for several",
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
    add("--limit", type=_positive, metavar="N", help="only the first N documents")
    add(
        "--index",
        default="exact",
        metavar="exact|FACTORY",
        help="exact ranks, or a FAISS index such as Flat, HNSW32, 'IVF1024,Flat;nprobe=16'",
    )
    add("--device", default="auto", metavar="auto|cpu|cuda[:N]", help="default: auto")
    add(
        "--dtype",
        default="auto",
        choices=["auto", "float32", "bfloat16", "float16"],
        help="of the weights; auto is float32",
    )
    add(
        "--batch-size",
        default="auto",
        type=_batch_size,
        metavar="auto|N",
        help="auto begins from the free memory and halves when it runs out",
    )
    add("--seed", type=int, default=0, metavar="N", help="of the random baseline (default: 0)")
    add("--model-arg", action="append", default=[], metavar="K=V", help="an option of the model")
    add(
        "--trust-remote-code",
        action="store_true",
        help="run code that a checkpoint brings; needs a pinned revision",
    )
    _published_as(parser)
    _inception(parser)
    _plugins(parser)


def _plugins(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--tasks", action="append", default=[], metavar="DIR", help="look for tasks here first")
    add(
        "--plugin",
        action="append",
        default=[],
        metavar="FILE.py",
        help="load models, metrics, data sources or kinds from a file",
    )


def _list(commands: Any) -> None:
    parser = _command(commands, "list", "list", "names, one a line; loads none of them")
    what = ["models", "tasks", "metrics", "kinds", "data", "runs"]
    parser.add_argument("what", choices=what)
    parser.add_argument("--out", default="leaderboards", metavar="DIR", help="where the runs are")
    _plugins(parser)


def _show(commands: Any) -> None:
    parser = _command(commands, "show", "show", "all about one model, task, metric or run")
    parser.add_argument("what", choices=["model", "task", "metric", "run"])
    parser.add_argument("name", help="for a run: a path, an id, or the beginning of one")
    parser.add_argument("--out", default="leaderboards", metavar="DIR", help="where the runs are")
    _plugins(parser)


def _leaderboard(commands: Any) -> None:
    parser = _command(commands, "leaderboard", "leaderboard", "make the tables again, or show them")
    parser.add_argument("action", choices=["build", "show"])
    parser.add_argument("task", nargs="*", help="default: all")
    parser.add_argument("--out", default="leaderboards", metavar="DIR", help="where the runs are")


def _train(commands: Any) -> None:
    parser = _command(commands, "train", "train", "train a reference model on the shapes world")
    add = parser.add_argument
    add("name", choices=["clip-nano"])
    add("--out", required=True, metavar="DIR", help="where checkpoints go, as DIR/step-N")
    add("--steps", type=_positive, metavar="N", help="default: those of the shipped checkpoint")
    add("--every", type=_positive, metavar="N", help="a checkpoint every N steps")
    add("--seed", type=int, metavar="N", help="default: 0")
    add("--resume", action="store_true", help="go on from the last checkpoint in DIR")
    add(
        "--eval",
        action="append",
        default=[],
        metavar="TASK",
        help="run this task on each checkpoint, into --board",
    )
    add("--board", default="leaderboards", metavar="DIR", help="default: ./leaderboards")


def _cache(commands: Any) -> None:
    text = "what is kept of models' outputs under $MMBENCH_CACHE, and making room"
    parser = _command(commands, "cache", "cache", text)
    parser.add_argument("action", choices=["show", "prune"])
    parser.add_argument(
        "--older-than",
        type=float,
        metavar="DAYS",
        help="prune only what was not written for so long",
    )


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1")
    return value


def _batch_size(text: str) -> int | None:
    return None if text == "auto" else _positive(text)


_COMMANDS = (
    _run,
    _score,
    _rescore,
    _check,
    _list,
    _show,
    _leaderboard,
    _selftest,
    _train,
    _cache,
)

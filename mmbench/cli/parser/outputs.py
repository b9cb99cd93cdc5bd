"""The flags of score, rescore, selftest and conformance. Loads nothing but argparse."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmbench.cli.parser.arguments import seed
from mmbench.cli.parser.flags import (
    RUN,
    Commands,
    command,
    device,
    inception,
    plugins,
    published_as,
    runs_of_task,
    written,
)


def score(commands: Commands) -> None:
    """Add `mmbench score`."""
    text = "score anybody's outputs, read from a file, into the same leaderboard"
    parser = command(commands, "score", "evaluation.score", text)
    add = parser.add_argument
    add("-t", "--task", required=True, metavar="TASK", help="a task's name or YAML file")
    add(
        "--predictions",
        required=True,
        metavar="FILE",
        help="JSONL, JSON (COCO, VQA results), CSV, .npz, .npy, .trn, .txt, Kaldi's text, a TREC"
        " run, or a folder of embeddings, images or sounds; docs/scoring.md shows each",
    )
    add("--name", metavar="NAME", help="what the board calls the model (default: the file's name)")
    add(
        "--field",
        action="append",
        default=[],
        metavar="prediction=NAME,id=NAME",
        help="the columns of the predictions and of the ids, where several columns could be them",
    )
    add(
        "--strip-reasoning",
        action="store_true",
        help="remove the reasoning before the answers (<think>…</think>, channels of gpt-oss,"
        " ◁think▷), and keep the content of <answer>…</answer>",
    )
    add("--partial", action="store_true", help="score what is there, although outputs are missing")
    add("--fold-ids", action="store_true", help="match ids without regard to case, as sclite does")
    _inputs(parser, "the references (default: $MMBENCH_DATA/<folder>)", "[TASK=]PATH")
    add("--seed", type=seed, default=0, metavar="N", help="of the intervals (default: 0)")
    published_as(parser)
    written(parser)
    plugins(parser)


def rescore(commands: Commands) -> None:
    """Add `mmbench rescore`."""
    text = "measure stored outputs again, with other metrics; the model is not run"
    parser = command(commands, "rescore", "evaluation.rescore", text)
    add = parser.add_argument
    add("run", nargs="+", metavar="RUN", help=RUN)
    runs_of_task(parser)
    add(
        "--metric",
        action="append",
        default=[],
        metavar="NAME",
        help="measure this one (default: those of the task as it is now); repeat for several",
    )
    _inputs(parser, "the data, for metrics that look at a sample's inputs")
    written(parser)
    plugins(parser)


def selftest(commands: Commands) -> None:
    """Add `mmbench selftest`."""
    text = "what must hold of a task whatever model is run: oracle, chance, order, corrupt samples"
    parser = command(commands, "selftest", "maintenance.selftest", text)
    parser.add_argument("task", nargs="*", metavar="TASK", help="default: all tasks")
    _inputs(parser, "try it on these data (default: on its own)")
    plugins(parser)


def conformance(commands: Commands) -> None:
    """Add `mmbench conformance`."""
    text = "every metric beside its references: packages, definitions, golden numbers"
    parser = command(commands, "conformance", "maintenance.conformance", text)
    add = parser.add_argument
    add("--data", metavar="DIR", help="real data for golden numbers; docs/conformance.md names it")
    add("--rows", metavar="FILE", help="rows of another environment, by --json, for skipped ones")
    add(
        "--family",
        action="append",
        default=[],
        metavar="NAME",
        help="only these: retrieval, captions, clipscore, distribution, classification, answers,"
        " drawings, speech, mos; repeat for several",
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="the rows as a JSON array")
    shown.add_argument("--markdown", action="store_true", help="as docs/conformance.md has them")


def _inputs(parser: argparse.ArgumentParser, data: str, metavar: str = "PATH") -> None:
    """The flags of a command in which only metrics may want a model."""
    add = parser.add_argument
    add("--data", type=Path, metavar=metavar, help=data)
    device(parser, text="the device of the models that metrics use")
    inception(parser)

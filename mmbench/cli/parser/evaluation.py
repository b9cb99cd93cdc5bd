"""The flags of run, check, score, rescore, verify and train. Loads nothing but argparse."""

from __future__ import annotations

from mmbench.cli.parser.arguments import positive, seed
from mmbench.cli.parser.shared_flags import (
    RUN,
    Commands,
    allow_outside,
    command,
    device,
    inception,
    inputs,
    machine,
    pair,
    plugins,
    published_as,
    record_flags,
    runs_of_task,
)


def run(commands: Commands) -> None:
    """Add `mmbench run`."""
    parser = command(commands, "run", "evaluation", "run models on tasks and write the leaderboard")
    pair(parser)
    record_flags(parser)
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="compute everything again; the cache is neither read nor deleted",
    )
    parser.add_argument(
        "--media",
        metavar="DIR",
        help="write generated images and sounds here, as TASK/RUN/ID.png or .wav",
    )


def check(commands: Commands) -> None:
    """Add `mmbench check`."""
    text = "everything but the forward passes: names, data, files, weights; without -m the data"
    pair(command(commands, "check", "evaluation", text), model=False)


def score(commands: Commands) -> None:
    """Add `mmbench score`."""
    text = "score outputs of any program, read from a file, into the same leaderboard"
    parser = command(commands, "score", "evaluation", text)
    add = parser.add_argument
    add("-t", "--task", required=True, metavar="TASK", help="a task's name or YAML file")
    add(
        "--predictions",
        required=True,
        metavar="FILE",
        help="JSONL, JSON (COCO, VQA results), CSV, .npz, .npy, .trn, .txt, Kaldi's text, a TREC"
        " run, or a folder of embeddings, images or sounds; docs/scoring.md shows each",
    )
    add("--name", metavar="NAME", help="name of the model on the board (default: the file's name)")
    add(
        "--field",
        action="append",
        default=[],
        metavar="prediction=NAME,id=NAME",
        help="the columns of the predictions and of the ids, where several are possible",
    )
    add(
        "--strip-reasoning",
        action="store_true",
        help="remove the reasoning before the answers (<think>…</think>, channels of gpt-oss,"
        " ◁think▷), and keep the content of <answer>…</answer>",
    )
    add(
        "--partial",
        action="store_true",
        help="score the samples with outputs, although others have none",
    )
    add("--fold-ids", action="store_true", help="match ids without regard to case, as sclite does")
    inputs(parser, "the references (default: $MMBENCH_DATA/<folder>)", "[TASK=]PATH")
    add("--seed", type=seed, default=0, metavar="N", help="seed of the intervals (default: 0)")
    published_as(parser)
    record_flags(parser)
    plugins(parser)


def rescore(commands: Commands) -> None:
    """Add `mmbench rescore`."""
    text = "measure stored outputs again, with other metrics; the model is not run"
    parser = command(commands, "rescore", "evaluation", text)
    add = parser.add_argument
    add("run", nargs="+", metavar="RUN", help=RUN)
    runs_of_task(parser)
    add(
        "--metric",
        action="append",
        default=[],
        metavar="NAME",
        help="measure this metric (default: the current metrics of the task); repeat for several",
    )
    inputs(parser, "the data, for metrics that use the samples' inputs")
    record_flags(parser)
    plugins(parser)


def verify(commands: Commands) -> None:
    """Add `mmbench verify`."""
    text = "run the tasks with published numbers for a model, and compare"
    parser = command(commands, "verify", "evaluation", text)
    add = parser.add_argument
    help = "model to verify (default: list the published numbers)"
    add("-m", "--model", action="append", default=[], help=help)
    help = "task to verify (default: all tasks with published numbers for the model)"
    add("-t", "--task", action="append", default=[], help=help)
    add("--data", action="append", default=[], metavar="[TASK=]PATH", help="path of the data")
    add(
        "--limit",
        type=positive,
        metavar="N",
        help="only the first N samples or documents; published numbers are then not compared",
    )
    parser.set_defaults(seed=0, fresh=False)
    record_flags(parser)
    machine(parser)
    allow_outside(parser)
    published_as(parser)
    inception(parser)
    plugins(parser)


def train(commands: Commands) -> None:
    """Add `mmbench train`."""
    parser = command(commands, "train", "evaluation", "train a model, and evaluate its checkpoints")
    add = parser.add_argument
    add("name", help="a trainer (`mmbench list trainers`), or the YAML file of a recipe")
    add("--out", required=True, metavar="DIR", help="folder for checkpoints, written as DIR/step-N")
    add("--steps", type=positive, metavar="N", help="steps of all stages; default: the trainer's")
    add("--every", type=positive, metavar="N", help="write a checkpoint every N steps")
    device(parser, "cpu")
    add("--seed", type=seed, metavar="N", help="default: 0")
    add("--resume", action="store_true", help="continue from the last checkpoint in DIR")
    add(
        "--eval",
        action="append",
        default=[],
        metavar="TASK",
        help="run this task on each checkpoint when it is written, into --board",
    )
    add("--board", default="leaderboards", metavar="DIR", help="default: ./leaderboards")
    plugins(parser)

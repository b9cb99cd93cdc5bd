"""The flags of the commands that produce records. Imports nothing but argparse."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmbench.cli.parser.arguments import positive, price, seed
from mmbench.cli.parser.shared_flags import (
    RUN,
    Commands,
    allow_outside,
    command,
    device,
    further_metrics,
    inputs,
    judge,
    machine,
    metric_models,
    own_data,
    pair,
    plugins,
    published_as,
    record_flags,
    report_to,
    runs_of_task,
    search_device,
    searched_vectors,
    templates,
    workers,
)


def run(commands: Commands) -> None:
    """Add the subcommand `mmbench run` and its flags."""
    parser = command(commands, "run", "evaluation", "run models on tasks and write the leaderboard")
    pair(parser)
    parser.add_argument(
        "--budget",
        type=positive,
        metavar="N",
        help="evaluate about N test samples, drawn at random, and estimate the scores on all"
        " samples; with --baseline or --strata more precisely",
    )
    parser.add_argument(
        "--strata",
        action="append",
        default=[],
        metavar="TAG",
        help="with --budget: correct the estimates by the share of each value of this tag among all"
        " samples; repeat for several tags",
    )
    until_decided(parser)
    parser.add_argument(
        "--perturb",
        action="append",
        default=[],
        metavar="NAME:VALUE",
        help="also run each task with inputs changed like this, such as blur:3, jpeg:10, snr:5,"
        " typos:20 or paraphrase:FILE, and compare with the clean run; repeat for several;"
        " `mmbench list perturbations` shows all",
    )
    workers(parser)
    record_flags(parser)
    report_to(parser)
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="compute all outputs again, without reading the cache",
    )
    parser.add_argument(
        "--price",
        type=price,
        metavar="IN,OUT",
        help="the price of a million prompt and completion tokens, such as 0.15,0.6: the record and"
        " the progress show the cost",
    )
    parser.add_argument(
        "--media",
        metavar="DIR",
        help="save generated images and audio to DIR as TASK/RUN/ID.png or .wav",
    )


def until_decided(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a run that stops when the verdict of a gate is known."""
    parser.add_argument(
        "--until-decided",
        action="store_true",
        help="stop when the verdict of the rules --fail-if on all samples is known, and exit with"
        " it, as gate does; needs --baseline",
    )
    parser.add_argument(
        "--baseline",
        metavar="RUN",
        help="for --budget and --until-decided: an earlier run on all samples to compare with,"
        f" {RUN}",
    )
    parser.add_argument(
        "--fail-if",
        action="append",
        default=[],
        metavar="'METRIC: LOSS'",
        help="with --until-decided: fail when the metric is worse by more than this: a percentage"
        " of the baseline (-0.5%%) or a number (-0.005); repeat for several",
    )


def check(commands: Commands) -> None:
    """Add the subcommand `mmbench check` and its flags."""
    text = "check names, data, files and weights, without forward passes; without -m only the data"
    pair(command(commands, "check", "evaluation", text), model=False)


def init(commands: Commands) -> None:
    """Add the subcommand `mmbench init` and its flags."""
    text = "write a task file for your own data, to run, edit and share"
    parser = command(commands, "init", "evaluation", text)
    add = parser.add_argument
    add("what", choices=["task"], help="what to write: a task file")
    add("file", metavar="FILE.yaml", help="the new task file")
    add(
        "-t",
        "--task",
        metavar="TASK",
        help="the task for your own data: retrieval, zeroshot, captions, answers, choices,"
        " transcripts, translations, labels or tags (default: zeroshot with --labels or"
        " --template, else retrieval)",
    )
    add("--data", required=True, metavar="PATH", help="the data: a file, a folder, or a hub id")
    own_data(parser)
    templates(parser)
    plugins(parser)


def score(commands: Commands) -> None:
    """Add the subcommand `mmbench score` and its flags."""
    text = "score the outputs of any program, which are read from a file"
    parser = command(commands, "score", "evaluation", text)
    add = parser.add_argument
    add("-t", "--task", required=True, metavar="TASK", help="a task's name or YAML file")
    add(
        "--predictions",
        required=True,
        metavar="FILE",
        help="JSONL, JSON (COCO, VQA results), CSV, .npz, .npy, .trn, .txt, Kaldi's text, a TREC"
        " run, results of lmms-eval, lm-eval, VLMEvalKit, EvalScope, inspect_ai or mteb, or a"
        " folder of embeddings, images or audio; docs/scoring.md shows each format",
    )
    add(
        "--name",
        metavar="NAME",
        help="name of the model on the leaderboard, for checkpoints MODEL@RUN/step-N"
        " (default: the file's name)",
    )
    add(
        "--field",
        action="append",
        default=[],
        metavar="prediction=NAME,id=NAME",
        help="the columns with predictions and ids, if the file has several candidates; for results"
        " of other harnesses also filter=NAME, repeat=N, subset=NAME, split=NAME and"
        " prediction=extracted",
    )
    add(
        "--strip-reasoning",
        action="store_true",
        help="remove the reasoning from the outputs (<think>…</think>, channels of gpt-oss,"
        " ◁think▷), and keep only the content of <answer>…</answer>, if present",
    )
    add(
        "--partial",
        action="store_true",
        help="score only the samples that have outputs; without this flag, missing outputs are"
        " an error",
    )
    add("--fold-ids", action="store_true", help="ignore case when ids are matched, as sclite does")
    inputs(parser, "the references (default: $MMBENCH_DATA/<folder>)", "[TASK=]PATH")
    own_data(parser)
    workers(parser)
    further_metrics(parser)
    searched_vectors(parser)
    search_device(parser)
    add(
        "--seed",
        type=seed,
        default=0,
        metavar="N",
        help="seed of the confidence intervals (default: 0)",
    )
    published_as(parser)
    record_flags(parser)
    report_to(parser)
    plugins(parser)


def rescore(commands: Commands) -> None:
    """Add the subcommand `mmbench rescore` and its flags."""
    text = "compute new scores from the stored outputs of runs; no model is run"
    parser = command(commands, "rescore", "evaluation", text)
    add = parser.add_argument
    add("run", nargs="+", metavar="RUN", help=RUN)
    runs_of_task(parser)
    add(
        "--metric",
        action="append",
        default=[],
        metavar="NAME",
        help="compute this metric (default: the metrics of the task); repeat for several",
    )
    inputs(parser, "the data of the task, for metrics that use the samples' inputs")
    workers(parser)
    record_flags(parser)
    plugins(parser)


def rerank(commands: Commands) -> None:
    """Add the subcommand `mmbench rerank` and its flags."""
    text = "order the first documents of a retrieval run again by a second model"
    parser = command(commands, "rerank", "evaluation", text)
    add = parser.add_argument
    add("run", metavar="RUN", help=RUN)
    add(
        "-m",
        "--model",
        required=True,
        metavar="MODEL",
        help="the reranker: a cross-encoder, or a language model that rates answers",
    )
    add(
        "--top",
        type=positive,
        metavar="K",
        help="the number of documents per query that are ordered again (default: all that the run"
        " stored; `mmbench run --top K` stores more)",
    )
    add(
        "--by",
        choices=["relevance", "answer", "likelihood"],
        help="the score of a query and a document: that of a cross-encoder, of the answer Yes"
        " against No, or of the text given the image (default: relevance for a cross-encoder, else"
        " answer)",
    )
    add(
        "--question",
        default="",
        metavar="TEXT",
        help="the question for --by answer, with {query} and {document}",
    )
    runs_of_task(parser)
    add("--data", type=Path, metavar="PATH", help="the data of the task")
    parser.set_defaults(seed=0)
    add("--fresh", action="store_true", help="compute all outputs again, without the cache")
    machine(parser)
    workers(parser)
    allow_outside(parser)
    judge(parser)
    metric_models(parser)
    record_flags(parser)
    plugins(parser)


def verify(commands: Commands) -> None:
    """Add the subcommand `mmbench verify` and its flags."""
    text = "run a model on the tasks for which it has published scores, and compare"
    parser = command(commands, "verify", "evaluation", text)
    add = parser.add_argument
    help = "model or recipe to verify (default: list the published scores); repeat for several"
    add("-m", "--model", action="append", default=[], help=help)
    help = "task to run (default: all tasks with published scores of the model); repeat for several"
    add("-t", "--task", action="append", default=[], help=help)
    add(
        "--data",
        action="append",
        default=[],
        metavar="[TASK=]PATH",
        help="path of the data (default: $MMBENCH_DATA/<folder>)",
    )
    add(
        "--limit",
        type=positive,
        metavar="N",
        help="only the first N samples or documents; published scores are then not compared",
    )
    parser.set_defaults(seed=0, fresh=False)
    record_flags(parser)
    machine(parser)
    workers(parser)
    allow_outside(parser)
    published_as(parser)
    metric_models(parser)
    plugins(parser)


def train(commands: Commands) -> None:
    """Add the subcommand `mmbench train` and its flags."""
    parser = command(commands, "train", "evaluation", "train a model and evaluate its checkpoints")
    add = parser.add_argument
    add("name", help="a trainer (see `mmbench list trainers`), or the YAML file of a recipe")
    add(
        "--out",
        required=True,
        metavar="DIR",
        help="folder for checkpoints, which are saved as DIR/step-N",
    )
    add(
        "--steps",
        type=positive,
        metavar="N",
        help="total number of training steps (default: set by the trainer)",
    )
    add("--every", type=positive, metavar="N", help="save a checkpoint every N steps")
    device(parser, "cpu")
    add("--seed", type=seed, metavar="N", help="random seed (default: 0)")
    add("--resume", action="store_true", help="continue from the last checkpoint in DIR")
    add(
        "--eval",
        action="append",
        default=[],
        metavar="TASK",
        help="evaluate each checkpoint on this task when it is saved; repeat for several",
    )
    add(
        "--board",
        default="leaderboards",
        metavar="DIR",
        help="board for --eval (default: ./leaderboards)",
    )
    workers(parser)
    report_to(parser)
    plugins(parser)

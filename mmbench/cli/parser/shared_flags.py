"""Flags that several commands share. Imports nothing but argparse."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TypeAlias

from mmbench.cli.parser.arguments import Parser, positive, seed

# The return type of `add_subparsers`, which has no public name in argparse.
Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


def command(commands: Commands, name: str, group: str, text: str) -> argparse.ArgumentParser:
    """Add the subcommand `name`, which is run by the module mmbench.cli.commands.`group`.`name`."""
    parser = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    parser.set_defaults(module=f"{group}.{name}")
    return parser


def record_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that are common to commands that write records."""
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
        help="exit with code 0 if at most this many samples failed (default: 0)",
    )
    add("--json", action="store_true", help="print the run records as a JSON array")
    add("--quiet", action="store_true", help="do not show progress")


def report_to(parser: argparse.ArgumentParser) -> None:
    """Add the flag of a command that sends its runs to reporters."""
    parser.add_argument(
        "--report-to",
        action="append",
        default=[],
        metavar="NAME",
        help="send each finished run to this reporter: wandb, mlflow, or one of a plugin (see"
        " `mmbench list reporters`); repeat for several, or separate them by commas",
    )


def allow_outside(parser: argparse.ArgumentParser) -> None:
    """Add the flag that allows a command to send files of a data set to an endpoint."""
    parser.add_argument(
        "--allow-outside",
        action="store_true",
        help="allow sending files outside the data folder to an endpoint on another machine",
    )


RUN = (
    "a path, an id or its beginning, latest, best (the best headline of runs comparable with"
    " the latest run), or MODEL@CHECKPOINT (the latest run of this model)"
)


def runs_of_task(parser: argparse.ArgumentParser, more: str = "") -> None:
    """Add the flag that restricts RUN arguments to the runs of a task.

    `more` is added to the help text.
    """
    help = f"search for RUN among the runs of this task only{more}"
    parser.add_argument("-t", "--task", metavar="TASK", help=help)


def published_as(parser: argparse.ArgumentParser) -> None:
    """Add the flag of a command that compares scores with published scores."""
    parser.add_argument(
        "--published-as", metavar="HUB_ID", help="compare with the published scores of this model"
    )


def metric_models(parser: argparse.ArgumentParser) -> None:
    """Add the flags for weights that metrics need and that are published as plain files."""
    parser.add_argument(
        "--inception",
        type=Path,
        metavar="FILE",
        help="file of torch-fidelity's Inception weights, for metrics of the FID family",
    )
    parser.add_argument(
        "--fluency-detector",
        type=Path,
        metavar="FOLDER",
        help="folder with FENSE's fluency error detector, for fense and fluency_error_rate",
    )


def judge(parser: argparse.ArgumentParser) -> None:
    """Add the flag for the model of metrics by a judge."""
    parser.add_argument(
        "--judge",
        metavar="MODEL",
        help="the model that grades answers for metrics such as judge[helpfulness], in the form of"
        " -m; give options in a YAML file in place of NAME",
    )


def pair(parser: argparse.ArgumentParser, *, model: bool = True) -> None:
    """Add the flags that select tasks and models; models are required if `model` is true."""
    add = parser.add_argument
    add(
        "-m",
        "--model",
        action="append",
        required=model,
        default=None if model else [],
        metavar="MODEL",
        help="a model [frames+]NAME[:VARIANT][@CHECKPOINT[#REVISION]], a YAML file or recipe in"
        " place of NAME, or a baseline: oracle, constant, random, empty, hedge; repeat for several,"
        " or separate them by commas; 'NAME@runs/*' stands for every matching checkpoint",
    )
    add(
        "-t",
        "--task",
        action="append",
        required=True,
        metavar="TASK",
        help="a task's name or YAML file, or group:NAME for the tasks of a group; repeat for"
        " several",
    )
    add(
        "--data",
        action="append",
        default=[],
        metavar="[TASK=]PATH",
        help="the data: a folder or a file, for tasks of your own data also a data set on the hub"
        " (default: $MMBENCH_DATA/<folder>)",
    )
    own_data(parser)
    templates(parser)
    add(
        "--limit",
        type=positive,
        metavar="N",
        help="only the first N samples; for retrieval, the first N documents and their queries",
    )
    add(
        "--max-tokens",
        type=positive,
        metavar="N",
        help="the most tokens of an answer, in place of those of the task; such runs have tables of"
        " their own",
    )
    add(
        "--index",
        action="append",
        metavar="exact|FACTORY",
        help="for retrieval: exact ranks (the default), or a FAISS index such as Flat, HNSW32,"
        " 'IVF1024,Flat;nprobe=16'; repeat for several: the first is scored, and a table compares"
        " them",
    )
    further_metrics(parser)
    searched_vectors(parser)
    search_device(parser)
    add(
        "--seed",
        type=seed,
        default=0,
        metavar="N",
        help="seed of generated images, baselines and drawn samples (default: 0)",
    )
    machine(parser)
    allow_outside(parser)
    published_as(parser)
    judge(parser)
    metric_models(parser)
    plugins(parser)


def own_data(parser: argparse.ArgumentParser) -> None:
    """Add the flags that describe the user's own data."""
    add = parser.add_argument
    add(
        "--columns",
        action="append",
        default=[],
        metavar="ROLE=FIELD,…",
        help="for your own data: the columns to read, such as image=filepath,text=title (default:"
        " inferred from their names)",
    )
    add(
        "--labels",
        metavar="NAME,NAME,…|FILE",
        help="the classes in order, or a file with one per line (default: the labels in the data)",
    )
    add(
        "--split",
        metavar="NAME",
        help="the split of a data set with several (default: test, or the only one)",
    )


def templates(parser: argparse.ArgumentParser) -> None:
    """Add the flag for the prompts of zero-shot classification."""
    parser.add_argument(
        "--template",
        action="append",
        metavar="TEXT|FILE",
        help='for zero-shot classification: a prompt with {} or {c} for the class, such as "a photo'
        ' of a {}", or a file with one per line; the embeddings of several are averaged',
    )


def device(parser: argparse.ArgumentParser, default: str = "auto", text: str = "") -> None:
    """Add `--device`. `text` replaces the default help text, which states the default value."""
    text = text or f"default: {default}"
    parser.add_argument("--device", default=default, metavar="auto|cpu|cuda[:N]", help=text)


def further_metrics(parser: argparse.ArgumentParser) -> None:
    """Add the flag for metrics in addition to those of the task."""
    parser.add_argument(
        "--metric",
        dest="metrics",
        action="append",
        default=[],
        metavar="NAME",
        help="also compute this metric; repeat for several",
    )


def searched_vectors(parser: argparse.ArgumentParser) -> None:
    """Add the flags for the vectors of searches, and for the documents that are stored."""
    parser.add_argument(
        "--vectors",
        action="append",
        metavar="full|[N+]int8|binary[+rescoreK]|N",
        help="for retrieval: the form of the embeddings, such as 256 (the first 256 dimensions),"
        " int8, 256+binary or binary+rescore100 (default: full); repeat for several: the first is"
        " scored, and a table compares them",
    )
    parser.add_argument(
        "--top",
        type=positive,
        metavar="N",
        help="for retrieval: the number of retrieved documents that are stored per query (default:"
        " 5), for rerank and hubness@N",
    )


def search_device(parser: argparse.ArgumentParser) -> None:
    """Add the flag for the device of searches."""
    parser.add_argument(
        "--search-device",
        metavar="auto|cpu|cuda[:N]",
        help="for retrieval: the device that ranks the embeddings (default: that of --device)",
    )


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
        help="auto estimates the batch size from free memory, and halves it when memory runs out",
    )
    add(
        "--model-arg", action="append", default=[], metavar="K=V", help="set an option of the model"
    )
    add(
        "--api-base",
        metavar="URL",
        help="the endpoint of model api, such as http://localhost:8000/v1",
    )
    add(
        "--concurrency",
        type=positive,
        metavar="N",
        help="number of parallel requests to an endpoint",
    )
    add(
        "--insecure-http",
        action="store_true",
        help="allow sending the API key unencrypted to an endpoint on another machine",
    )
    add(
        "--trust-remote-code",
        action="store_true",
        help="run Python code from the checkpoint; requires a pinned revision",
    )


def workers(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a command that may run models on Ray workers."""
    add = parser.add_argument
    add(
        "--workers",
        type=_workers,
        metavar="N|auto",
        help="run models and large exact searches in N Ray workers; auto starts one for each GPU,"
        " or one on a CPU (default: run everything in this process)",
    )
    add(
        "--ray",
        metavar="ADDRESS",
        help="the Ray cluster of the workers: HOST:PORT, or auto for the cluster of this machine"
        " (default: a cluster on this machine that ends with the command)",
    )
    add(
        "--gpus-per-worker",
        type=_share,
        metavar="N",
        help="GPUs of each worker, such as 1 or 0.5; 0 runs models on CPUs (default: 1 if there are"
        " GPUs)",
    )
    add(
        "--cpus-per-worker",
        type=positive,
        metavar="N",
        help="cores and threads of each worker (default: the threads of this process; 1 on a GPU)",
    )


def _workers(text: str) -> int | str:
    return text if text == "auto" else positive(text)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 0")
    return value


def inputs(parser: argparse.ArgumentParser, data: str, metavar: str = "PATH") -> None:
    """Add the flags of a command that runs no model itself, but whose metrics may use a model."""
    add = parser.add_argument
    add("--data", type=Path, metavar=metavar, help=data)
    device(parser, text="the device for models that metrics use")
    allow_outside(parser)
    judge(parser)
    metric_models(parser)


def plugins(parser: argparse.ArgumentParser) -> None:
    """Add the flags for folders of tasks and for plugin files, which both add names."""
    add = parser.add_argument
    add(
        "--tasks",
        action="append",
        default=[],
        metavar="DIR",
        help="search this folder for tasks first, and its folder groups for groups; repeat for"
        " several",
    )
    plugin(parser)


def plugin(parser: argparse.ArgumentParser) -> None:
    """Add the flag for plugin files, which register models, metrics and other names."""
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="FILE.py",
        help="load a file that registers models, metrics, data sources, kinds, trainers or"
        " reporters",
    )


def _batch_size(text: str) -> int | None:
    return None if text == "auto" else positive(text)

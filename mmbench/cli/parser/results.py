"""The flags of compare, gate, power, history, inspect, explain, repeats, overlap and others.

Imports nothing but argparse.
"""

from __future__ import annotations

import argparse

from mmbench.cli.parser.arguments import above_zero, natural, positive, price, seed, share
from mmbench.cli.parser.shared_flags import (
    RUN,
    Commands,
    allow_outside,
    command,
    device,
    machine,
    own_data,
    plugins,
    runs_of_task,
)


def compare(commands: Commands) -> None:
    """Add the subcommand `mmbench compare` and its flags."""
    text = "compare runs on the same samples, with significance tests"
    parser = command(commands, "compare", "results", text)
    add = parser.add_argument
    help = f"the baseline first, then candidates; each is {RUN}; with --replicates, also a pattern"
    add("run", nargs="*", metavar="RUN", help=help)
    groups = "; with group:NAME, compare the runs of each task of a group, and the mean difference"
    runs_of_task(parser, groups)
    _metric_flag(parser)
    _test_flags(parser)
    add(
        "--show",
        type=natural,
        default=10,
        metavar="N",
        help="number of changed samples to show (default: 10)",
    )
    _ranking_flags(parser)
    help = "print every pair as a JSON array; of three or more runs without --pairs, the ranks"
    add("--json", action="store_true", help=help)
    _replicate_flags(parser)
    _judge_flags(parser)


def _ranking_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a comparison of three or more runs."""
    add = parser.add_argument
    help = "of three or more runs, also test all pairs, or each run against the first"
    add("--pairs", choices=["all", "baseline"], help=help)
    help = (
        "correction of p for many tests: holm (any false difference is unlikely), by (few of the"
        " differences are false), bh (the same for positively dependent tests), none (default:"
        " holm)"
    )
    add("--correction", choices=["holm", "by", "bh", "none"], default="holm", help=help)
    help = "of three or more runs, also show this cost, and the runs that no cheaper one surpasses"
    add("--cost", choices=["seconds", "tokens", "price"], help=help)
    help = (
        "of three or more runs, plot the ranks, or the values over --cost, to this file (.svg,"
        " .png or .pdf)"
    )
    add("--plot", metavar="FILE", help=help)


def _replicate_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a comparison of methods with several seeds."""
    add = parser.add_argument
    help = (
        "compare methods, whose runs differ only in this model option (seed) or part of the"
        " checkpoint ('seed-*'); without RUN, all methods of the task with two runs"
    )
    add("--replicates", metavar="KEY", help=help)
    help = "with --replicates, pair the runs of two methods that have the same value of KEY"
    add("--paired", action="store_true", help=help)


def _judge_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a comparison by a judge."""
    add = parser.add_argument
    help = (
        "compare the answers by this model instead of the metrics, in both orders; in the form of"
        " -m, with options in a YAML file in place of NAME"
    )
    add("--judge", metavar="MODEL", help=help)
    help = "with --judge, a pairwise rubric (default: preference)"
    add("--rubric", metavar="NAME|FILE", help=help)
    add("--csv", metavar="FILE", help="with --judge, write all verdicts to a CSV file")
    device(parser, text="the device of --judge (default: auto)")
    allow_outside(parser)
    plugins(parser)
    add("--quiet", action="store_true", help="do not show progress")


def gate(commands: Commands) -> None:
    """Add the subcommand `mmbench gate` and its flags."""
    text = "fail a candidate that is significantly worse than the baseline, by more than a margin"
    parser = command(commands, "gate", "results", text)
    add = parser.add_argument
    add("--baseline", required=True, metavar="RUN", help=RUN)
    add(
        "--candidate",
        required=True,
        metavar="RUN",
        help="the run to judge, given like --baseline",
    )
    runs_of_task(parser)
    add(
        "--fail-if",
        action="append",
        required=True,
        metavar="'METRIC: LOSS'",
        help="fail when the metric is worse by more than this: a percentage of the baseline"
        " (-0.5%%) or a number (-0.005); repeat for several",
    )
    _test_flags(parser)
    add(
        "--on-unclear",
        choices=["pass", "fail", "4"],
        default="4",
        help="exit code of an unclear verdict: pass is 0, fail is 1 (default: 4)",
    )
    add("--junit", metavar="FILE", help="write the verdicts as JUnit XML")
    add("--github", action="store_true", help="also print the verdicts as GitHub annotations")
    help = "write a pull request comment as Markdown; sections of other gates in FILE are kept"
    add("--github-comment", metavar="FILE", help=help)
    help = (
        "with --github-comment, link to this report of both runs; with a slash at the end, also to"
        " samples in its pages"
    )
    add("--report-url", metavar="URL", help=help)
    add("--json", action="store_true", help="print the verdicts as a JSON array")


def power(commands: Commands) -> None:
    """Add the subcommand `mmbench power` and its flags."""
    text = "plan a comparison: the samples that a difference needs, and what they cost"
    parser = command(commands, "power", "results", text)
    add = parser.add_argument
    help = "plan from the earlier runs of this task"
    add("-t", "--task", metavar="TASK", help=help)
    add("--metric", metavar="NAME", help="the score to compare (default: the headline)")
    help = f"plan from the pairs of this run and the others (default: all pairs); {RUN}"
    add("--baseline", metavar="RUN", help=help)
    help = "plan from this run and --baseline alone"
    add("--candidate", metavar="RUN", help=help)
    help = (
        "the difference to find: a number in the unit of the metric (0.01), or a percentage of the"
        " baseline (1%%)"
    )
    add("--difference", metavar="D", help=help)
    _stated_flags(parser)
    help = "the probability of finding the difference (default: 0.8)"
    add("--power", type=share, default=0.8, metavar="P", help=help)
    help = (
        "the price of a million prompt and completion tokens, such as 0.15,0.6 (default: that of"
        " the earlier run)"
    )
    add("--price", type=price, metavar="IN,OUT", help=help)
    _test_flags(parser)
    add("--json", action="store_true", help="print the plan as JSON")


def _stated_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a plan without earlier runs."""
    add = parser.add_argument
    help = "without earlier runs, for right and wrong: the expected share of right samples"
    add("--accuracy", type=share, metavar="P", help=help)
    help = (
        "with or instead of --accuracy: the share of samples on which both models are right or both"
        " are wrong (default: as if models were independent)"
    )
    add("--agreement", type=share, metavar="P", help=help)
    help = (
        "without earlier runs, for graded scores: the standard deviation of the difference of two"
        " models per sample"
    )
    add("--sd", type=above_zero, metavar="S", help=help)
    help = "without earlier runs: the number of samples of the whole set"
    add("--samples", type=positive, metavar="N", help=help)


def history(commands: Commands) -> None:
    """Add the subcommand `mmbench history` and its flags."""
    text = "show a metric over checkpoints, and where it changed"
    parser = command(commands, "history", "results", text)
    add = parser.add_argument
    add("task", metavar="TASK", help="name of the task")
    add("--model", metavar="NAME", help="show only runs of this model")
    help = (
        "the metric, in all its directions and variants; repeat for several (default: the headline)"
    )
    add("--metric", action="append", default=[], metavar="NAME", help=help)
    help = "order of the checkpoints (default: step if all their names contain one, else created)"
    add("--by", choices=["step", "created"], help=help)
    add("--plot", metavar="FILE", help="write a plot to this file (.svg, .png or .pdf)")
    _test_flags(parser)
    add("--json", action="store_true", help="print the points as a JSON array")


def inspect(commands: Commands) -> None:
    """Add the subcommand `mmbench inspect` and its flags."""
    text = "show samples: inputs, references, outputs and scores, of one run or of two side by side"
    parser = command(commands, "inspect", "results", text)
    add = parser.add_argument
    add("run", nargs="+", metavar="RUN", help=f"one run, or a baseline and a candidate; {RUN}")
    runs_of_task(parser)
    _selection_flags(parser)
    help = "the score that decides what is worst, wrong or changed (default: the headline)"
    add("--metric", metavar="NAME", help=help)
    help = "show the errors of each word (wer) or character (cer); on by default with --id"
    add("--align", action="store_true", help=help)
    help = "write the selected samples to a CSV file, and show none"
    add("--csv", metavar="FILE", help=help)
    add("--json", action="store_true", help="print the selected samples as a JSON array")
    _runs_folder(parser)


def _selection_flags(parser: argparse.ArgumentParser) -> None:
    help = (
        "show at most N samples, the worst first, of two runs the worst of the candidate"
        " (default: 10; --csv and --json: all)"
    )
    parser.add_argument("--worst", type=positive, metavar="N", help=help)
    add = parser.add_mutually_exclusive_group().add_argument
    add("--wrong", action="store_true", help="only samples without the best possible score")
    add("--failed", action="store_true", help="only samples that failed")
    help = "only samples whose scores differ between two runs (default for two runs)"
    add("--changed", action="store_true", help=help)
    help = "only the samples with these ids, shown in full"
    add("--id", action="extend", nargs="+", default=[], metavar="ID", help=help)
    help = "only samples with this value of a tag; repeat for several"
    parser.add_argument("--where", action="append", default=[], metavar="TAG=VALUE", help=help)


def explain(commands: Commands) -> None:
    """Add the subcommand `mmbench explain` and its flags."""
    text = "show why a run and another result differ: samples, and the points of each cause"
    parser = command(commands, "explain", "results", text)
    add = parser.add_argument
    add("run", metavar="RUN", help=f"our run: {RUN}")
    add(
        "theirs",
        metavar="THEIRS",
        help="a file of results of another harness, a file of outputs, or a second RUN",
    )
    runs_of_task(parser)
    add("--metric", metavar="NAME", help="our score to explain (default: the headline)")
    add(
        "--their-metric",
        metavar="NAME",
        help="their score (default: the one that corresponds to ours)",
    )
    add(
        "--field",
        action="append",
        default=[],
        metavar="KEY=NAME",
        help="of several outputs of a sample, those of this filter, repeat, subset or split; for a"
        " file of outputs, the columns prediction=NAME and id=NAME",
    )
    add(
        "--show",
        type=natural,
        default=10,
        metavar="N",
        help="number of samples to show for each cause (default: 10)",
    )
    add("--json", action="store_true", help="print the explanation with all samples as JSON")
    _runs_folder(parser)
    plugins(parser)


def repeats(commands: Commands) -> None:
    """Add the subcommand `mmbench repeats` and its flags."""
    text = "test whether a run repeats known errors of the references, such as typos in captions"
    parser = command(commands, "repeats", "results", text)
    add = parser.add_argument
    add("run", metavar="RUN", help=f"a run whose outputs are texts: {RUN}")
    runs_of_task(parser)
    help = (
        "the errors: a CSV, TSV, JSONL or JSON file with the columns id (of a sample), wrong (a"
        " word or phrase in its reference) and right"
    )
    add("--errors", required=True, metavar="FILE", help=help)
    help = "a run of another model on the same data, to compare with error by error"
    add("--baseline", metavar="RUN", help=help)
    help = (
        "scores against the corrected references; repeat for several (default: those of the run"
        " that need no model and no other program)"
    )
    add("--metric", action="append", default=[], metavar="NAME", help=help)
    help = "number of outputs to show (default: 10)"
    add("--show", type=natural, default=10, metavar="N", help=help)
    _test_flags(parser)
    add("--json", action="store_true", help="print the result with all outputs as JSON")
    plugins(parser)


def overlap(commands: Commands) -> None:
    """Add the subcommand `mmbench overlap` and its flags."""
    text = "find test samples in a training list: equal and nearly equal media and texts"
    parser = command(commands, "overlap", "results", text)
    add = parser.add_argument
    add("-t", "--task", required=True, metavar="TASK", help="a task's name or YAML file")
    add("--data", metavar="PATH", help="the test data (default: $MMBENCH_DATA/<folder>)")
    own_data(parser)
    add("--limit", type=positive, metavar="N", help="only the first N test samples or documents")
    _training_flags(parser)
    help = "find near duplicates by the embeddings of this model, such as clip@CHECKPOINT"
    add("-m", "--model", metavar="MODEL", help=help)
    help = "the lowest cosine of a near duplicate (default: 0.95)"
    add("--threshold", type=share, metavar="X", help=help)
    help = "leave out texts with fewer words, which are equal by chance (default: 4)"
    add("--min-words", type=positive, default=4, metavar="N", help=help)
    help = f"compare the scores of a run on overlapping and other samples; {RUN}"
    add("--run", metavar="RUN", help=help)
    help = "the score of --run; repeat for several (default: its headline)"
    add("--metric", action="append", default=[], metavar="NAME", help=help)
    help = (
        "the matches by which a sample overlaps (default: media if both lists have media, else"
        " text)"
    )
    add("--by", choices=["media", "text", "any"], help=help)
    help = "number of pairs to show (default: 10)"
    add("--show", type=natural, default=10, metavar="N", help=help)
    add("--csv", metavar="FILE", help="write all pairs to a CSV file")
    add("--json", action="store_true", help="print the result with all pairs as JSON")
    _runs_folder(parser)
    add("--seed", type=seed, default=0, metavar="N", help="seed of the intervals (default: 0)")
    machine(parser)
    plugins(parser)
    add("--quiet", action="store_true", help="do not show progress")


def _training_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    help = (
        "the training list: a table, a folder, tar archives, or the OWNER/NAME of a data set on the"
        " hub, as for the task retrieval"
    )
    add("--train", required=True, metavar="PATH", help=help)
    help = (
        "the columns of the training list, such as image=filepath,text=title (default: inferred"
        " from their names)"
    )
    add("--train-columns", action="append", default=[], metavar="ROLE=FIELD,…", help=help)
    help = "the split of a training list with several (default: train)"
    add("--train-split", default="train", metavar="NAME", help=help)


def list(commands: Commands) -> None:
    """Add the subcommand `mmbench list` and its flags."""
    parser = command(
        commands, "list", "results", "list names, one per line, without loading anything"
    )
    what = [
        *(
            "models",
            "recipes",
            "tasks",
            "groups",
            "perturbations",
            "metrics",
            "rubrics",
            "kinds",
            "data",
        ),
        *("trainers", "reporters", "conformance", "runs"),
    ]
    parser.add_argument("what", choices=what)
    _runs_folder(parser)
    plugins(parser)


def show(commands: Commands) -> None:
    """Add the subcommand `mmbench show` and its flags."""
    text = "describe one model, recipe, task, group, metric, rubric or run"
    parser = command(commands, "show", "results", text)
    parser.add_argument(
        "what", choices=["model", "recipe", "task", "group", "metric", "rubric", "run"]
    )
    names = "name of the model, recipe, task, group, metric or rubric"
    parser.add_argument("name", help=f"{names}; a run is {RUN}")
    parser.add_argument(
        "--json", action="store_true", help="print the complete record of a run as JSON"
    )
    runs_of_task(parser)
    _runs_folder(parser)
    plugins(parser)


def leaderboard(commands: Commands) -> None:
    """Add the subcommand `mmbench leaderboard` and its flags."""
    parser = command(
        commands, "leaderboard", "results", "rebuild the tables of a leaderboard, or show them"
    )
    parser.add_argument("action", choices=["build", "show"])
    parser.add_argument("task", nargs="*", help="tasks or group:NAME (default: all tasks)")
    brief = (
        "show one line per model and task: its headline, and the headline of the best baseline that"
        " ignores the input"
    )
    parser.add_argument("--brief", action="store_true", help=brief)
    help = "show the tables of groups as a JSON array; only for group:NAME"
    parser.add_argument("--json", action="store_true", help=help)
    _runs_folder(parser)
    plugins(parser)


def report(commands: Commands) -> None:
    """Add the subcommand `mmbench report` and its flags."""
    text = "write pages for a browser: a leaderboard, or runs with their samples"
    parser = command(commands, "report", "results", text)
    add = parser.add_argument
    runs = f"the runs to show, the baseline first (default: the whole board); each is {RUN}"
    add("run", nargs="*", metavar="RUN", help=runs)
    help = "show only runs of this task, or with group:NAME of a group; repeat for several"
    add("-t", "--task", action="append", default=[], metavar="TASK", help=help)
    places = parser.add_mutually_exclusive_group()
    places.add_argument(
        "--site",
        metavar="DIR",
        help="write a folder of pages, or an fsspec URL (default: OUT/site for a board, ./report"
        " for runs)",
    )
    places.add_argument(
        "--file",
        metavar="FILE.html",
        help="write one page, for one run of up to 2,000 samples (default: ./report.html)",
    )
    add(
        "--media",
        choices=("link", "copy", "embed", "none"),
        help="images, sounds and videos of samples: link to the files (default of a folder), copy"
        " them into the folder (default of a URL), embed small versions in the pages (default of"
        " --file), or show their names only",
    )
    help = (
        "show media files outside the folders of data that commands on this machine have read, too"
    )
    add("--allow-outside", action="store_true", help=help)
    _runs_folder(parser)
    plugins(parser)
    add("--quiet", action="store_true", help="do not show progress")


def _runs_folder(parser: argparse.ArgumentParser) -> None:
    help = "folder of the runs (default: ./leaderboards)"
    parser.add_argument("--out", default="leaderboards", metavar="DIR", help=help)


def _metric_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--metric",
        action="append",
        default=[],
        metavar="NAME",
        help="only this metric, in all its directions; repeat for several (default: all)",
    )


def _test_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--alpha", type=share, default=0.05, metavar="P", help="significance level (default: 0.05)")
    add(
        "--seed",
        type=seed,
        default=0,
        metavar="N",
        help="seed of the bootstrap resamples (default: 0)",
    )
    add(
        "--out",
        default="leaderboards",
        metavar="DIR",
        help="folder of the runs, or its fsspec URL (default: ./leaderboards)",
    )

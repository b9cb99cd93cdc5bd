"""The command that repeats a run, built from its record."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import join
from typing import NamedTuple

from mmbench.builtin import TABLES
from mmbench.engine.loading.models.model_ref import model_argument
from mmbench.reports.index_tables import index_factories, vector_forms
from mmbench.spec import packaged_tasks
from mmbench.text import printable
from mmbench.types import LATE, LIVE, OUTPUTS, RERANKED, RunRecord

_RESCORED = "rescored from"  # the beginning of the note of `mmbench rescore`
_AFTER_RESCORING = (
    "The command makes the outputs; these scores were computed from them with `mmbench rescore`."
)


class RepeatCommand(NamedTuple):
    """A command for a shell, and sentences on its parts that the record does not have."""

    text: str
    missing: list[str]


def repeat_command(record: RunRecord) -> RepeatCommand:
    """Return the `mmbench run` or `mmbench score` that repeats a run.

    Arguments are quoted for a shell. Control characters in them are replaced.
    """
    scored = record.model.adapter == OUTPUTS
    words = list(_score_words(record) if scored else _run_words(record))
    return RepeatCommand(printable(join(words)), list(_missing(record)))


def _score_words(record: RunRecord) -> Iterator[str]:
    yield from ("mmbench", "score", "-t", record.task.name, "--predictions", "FILE")
    yield from ("--name", record.model.name)
    yield from _seed(record)


def _run_words(record: RunRecord) -> Iterator[str]:
    model, task = record.model, record.task
    if model.adapter == RERANKED:
        yield from _rerank(record)
        return
    yield from ("mmbench", "run", "-m", _model(record), "-t", task.name)
    for name, value in sorted(model.options.items()):
        yield from ("--model-arg", f"{name}={_option(value)}")
    if model.dtype in ("float32", "bfloat16", "float16"):
        yield from ("--dtype", model.dtype)
    if (limit := _limit(record)) is not None:
        yield from ("--limit", str(limit))
    if task.part:  # the budget for this number of groups
        part = task.part
        yield from ("--budget", str(round(part.groups * part.of / part.of_groups)))
        for baseline in {one.baseline for one in record.estimates.values()} - {""}:
            yield from ("--baseline", baseline)
        for tag in dict.fromkeys(tag for one in record.estimates.values() for tag in one.strata):
            yield from ("--strata", tag)
    if task.max_tokens is not None:
        yield from ("--max-tokens", str(task.max_tokens))
    yield from _index(record)
    yield from _seed(record)
    if price := record.cost.get("price"):
        yield from ("--price", ",".join(f"{one:g}" for one in price))


def _model(record: RunRecord) -> str:
    """Return the argument of `-m`; a late fusion is a file with the name of the model."""
    model = record.model
    if model.adapter == LIVE:
        return "MODEL"
    if model.adapter == LATE:
        return f"{model.name}.yaml"
    return model_argument(model)


def _rerank(record: RunRecord) -> Iterator[str]:
    """Yield the words of the command that reranks a run; its options are those of the record."""
    options = {name: str(value) for name, value in record.model.options.items()}
    yield from ("mmbench", "rerank", options.get("run", "RUN"))
    yield from ("-m", options.get("reranker", "MODEL"))
    for name in ("top", "by", "question"):
        if name in options:
            yield from (f"--{name}", options[name])


def _option(value: object) -> str:
    """Return the value of a model option as YAML in one line, as `--model-arg` reads it."""
    import yaml

    text: str = yaml.safe_dump(value, default_flow_style=True, width=1 << 30)
    return text.removesuffix("...\n").strip()


def _limit(record: RunRecord) -> int | None:
    """Return the value of `--limit`: the number of documents or samples, if it is smaller than in
    the protocol.
    """
    task = record.task
    if task.part:
        return None
    role = "corpus" if "corpus" in task.data else "sample"
    used, whole = task.data.get(role, 0), task.protocol.get(role, 0)
    return used if 0 < used < whole else None


def _index(record: RunRecord) -> Iterator[str]:
    """Yield the flags of the indexes, unless the search was only exact, and of forms of vectors.

    Without a report on the index, the signature of the scores states it.
    """
    asked = dict(part.partition("=")[::2] for part in record.task.asked.split(","))
    factories = index_factories(record) or [asked.get("index", "")]
    if factories not in (["exact"], [""]):
        for factory in factories:
            yield from ("--index", factory)
    for form in vector_forms(record):
        yield from ("--vectors", form)


def _seed(record: RunRecord) -> Iterator[str]:
    if record.seed:
        yield from ("--seed", str(record.seed))


def _missing(record: RunRecord) -> Iterator[str]:
    """Yield sentences on what the record does not have."""
    model, task = record.model, record.task
    if model.adapter == OUTPUTS:
        yield "FILE is the file of outputs, whose path is not in the record."
    if model.adapter == LATE:
        yield f"{model.name}.yaml is the model file, which is not in the record."
    if model.adapter == LIVE:
        yield (
            "The model was an object of a Python program, which called mmbench.evaluate; MODEL"
            " stands for a plugin with its class."
        )
    name = model.adapter.rpartition("@")[0].rpartition("+")[2]
    if name and ":" not in name and name not in TABLES["model"]:
        yield f"The model {name} comes from a plugin: add --plugin FILE.py, or install the plugin."
    if task.name not in packaged_tasks():
        yield f"The task {task.name} is not packaged: use its YAML file, or add --tasks DIR."
    yield (
        "The path of the data is not in the record: if the task needs data, add --data PATH, unless"
        " $MMBENCH_DATA has them."
    )
    if model.dtype == "remote":
        host = record.environment.get("endpoint")
        place = f" at {host}" if host else ""
        yield f"The model ran behind an endpoint{place}; its API key is not in the record."
    if model.adapter != OUTPUTS and _limit(record) is not None:
        yield "--limit is inferred from the number of samples; the data may have been smaller."
    yield from (_AFTER_RESCORING for note in record.notes if note.startswith(_RESCORED))

"""The comparison of a training list with the data of a task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from mmbench.comparison.comparability import common_scores
from mmbench.comparison.overlap.exact import ExactIndex
from mmbench.comparison.overlap.items import BenchmarkItem, BenchmarkItems, benchmark_items
from mmbench.comparison.overlap.near import Embedder, NearestRows
from mmbench.comparison.overlap.progress import RowProgress
from mmbench.comparison.overlap.result import Match, Overlap, OverlapPair, PartOverlap
from mmbench.comparison.overlap.samples import By, overlapping_samples
from mmbench.comparison.overlap.scores import split_scores
from mmbench.comparison.overlap.training_rows import SPLIT, TrainingRows
from mmbench.data.mapping.media_columns import Columns
from mmbench.engine.context import RunContext, run_context
from mmbench.engine.identity import hash_data
from mmbench.engine.loading.data.data_flags import adapt_to_data
from mmbench.engine.loading.data.datasets import load_data
from mmbench.engine.loading.data.perturbed import with_perturbation
from mmbench.engine.loading.prepare import find_task
from mmbench.engine.options import RunSettings
from mmbench.engine.progress import Progress
from mmbench.errors import DataError
from mmbench.protocols import Dataset, Kind
from mmbench.storage.records import StoredRun
from mmbench.text import count
from mmbench.types import TaskSpec

MIN_WORDS = 4
THRESHOLD = 0.95
_STRENGTH: tuple[Match, ...] = ("bytes", "pixels", "text", "words", "near")


class OverlapSettings(NamedTuple):
    """What a comparison of a training list with a test set does.

    `columns` and `split` select columns and a split of the training list. `model` finds near
    duplicates with a cosine of at least `threshold`; "" for none. Texts of fewer than `min_words`
    words are left out. `by` selects the matches by which samples overlap; None stands for media if
    both have media, else for text. `metrics` are the scores of the run; by default the headline.
    """

    columns: Mapping[str, Columns] = {}
    split: str = SPLIT
    model: str = ""
    threshold: float = THRESHOLD
    min_words: int = MIN_WORDS
    by: By | None = None
    metrics: Sequence[str] = ()
    seed: int = 0


class _TestSet(NamedTuple):
    spec: TaskSpec
    kind: Kind[Dataset]
    data: Dataset


def overlap(
    task: str,
    train: str,
    settings: OverlapSettings,
    options: RunSettings | None = None,
    *,
    run: StoredRun | None = None,
    progress: Progress | None = None,
) -> Overlap:
    """Compare a training list with the data of a task, and return equal and near contents.

    `train` is the place of the training list, in a layout of `own_rows`; its rows are read in
    blocks. `options` are those of a run, for the data of the task and for the model. If `run` is
    given, its scores on the overlapping samples are compared with those on the others. Raises
    UserError for data that cannot be read, for contents that have no modality in common, and for a
    run on other data.
    """
    with run_context(options, progress) as context:
        test = _test_set(task, context)
        if run is not None:
            _refuse_other_data(run, test, context)
        found = benchmark_items(test.spec, test.data, settings.min_words)
        rows = TrainingRows(train, settings.columns, settings.split)
        _refuse_no_common(found, rows, test.spec, settings.min_words)
        return _compared(test, found, rows, train, settings, context, run)


def _compared(
    test: _TestSet,
    found: BenchmarkItems,
    rows: TrainingRows,
    train: str,
    settings: OverlapSettings,
    context: RunContext,
    run: StoredRun | None,
) -> Overlap:
    items = found.items
    common = {item.modality for item in items} & rows.modalities
    advance = RowProgress(context.progress, len(rows))
    inner = context._replace(progress=advance)
    embedder = Embedder(settings.model, common, inner) if settings.model else None
    nearest = [NearestRows(items, m, embedder) for m in embedder.modalities] if embedder else []
    exact = ExactIndex(items, context.keys)
    unusable = 0
    advance.begin()
    for block in rows.blocks():
        exact.compare(block.items)
        for one in nearest:
            one.compare(block.items)
        unusable += block.unusable
        advance.rows_done(block.rows)
    context.progress.finish()
    pairs = _pairs(items, exact, nearest, settings.threshold)
    texts = frozenset(item.part for item in items if item.modality == "text")
    by = settings.by or ("media" if common - {"text"} else "text")
    samples = overlapping_samples(test.data, pairs, by, texts)
    scores = []
    if run is not None:
        names = common_scores([run.record], settings.metrics or [run.record.headline])
        scores = split_scores(run, samples, test.kind.directions(), names, settings.seed)
    return Overlap(
        task=test.spec.name,
        train=train,
        rows=len(rows),
        unusable=unusable + exact.unreadable,
        model=embedder.name if embedder else "",
        threshold=settings.threshold,
        by=by,
        sizes=test.data.sizes(),
        samples={role: len(ids) for role, ids in samples.items()},
        parts=_parts(found, pairs),
        pairs=pairs,
        notes=[*_notes(items, rows, embedder), *_failures(nearest)],
        run=run.record.run if run else "",
        scores=scores,
    )


def _test_set(task: str, context: RunContext) -> _TestSet:
    spec, kind = find_task(task, context.options)
    data = load_data(spec, context.options.data)
    spec, kind = adapt_to_data(spec, kind, data)
    limit = context.options.limit
    data = data if limit is None else data.limit(limit)
    return _TestSet(spec, kind, with_perturbation(spec, data))


def _refuse_other_data(run: StoredRun, test: _TestSet, context: RunContext) -> None:
    data_hash, _ = hash_data(test.spec, test.data, test.kind.directions(), context.keys)
    if (run.record.task.name, run.record.task.data_hash) != (test.spec.name, data_hash):
        raise DataError(
            f"run {run.record.run} of task {run.record.task.name} had other data; pass the task,"
            " the data and the limit of the run (-t, --data, --limit)"
        )


def _refuse_no_common(
    found: BenchmarkItems, rows: TrainingRows, spec: TaskSpec, min_words: int
) -> None:
    own = {item.modality for item in found.items}
    if own & rows.modalities:
        return
    short = sum(found.short.values())
    few = f"{count(short, 'text')} of fewer than {min_words} words (--min-words)"
    data = " and ".join([*sorted(own), *([few] if short else [])]) or "no media and no texts"
    training = " and ".join(sorted(rows.modalities))
    raise DataError(
        f"--train has {training}, and the data of task {spec.name} have {data}; name other columns"
        " with --train-columns image=NAME,text=NAME"
    )


def _pairs(
    items: Sequence[BenchmarkItem],
    exact: ExactIndex,
    nearest: Sequence[NearestRows],
    threshold: float,
) -> list[OverlapPair]:
    """Return the matches, the strongest first, then those with the largest cosine."""
    near = {n: (cosine, ident) for one in nearest for n, cosine, ident in one.found(threshold)}
    pairs = []
    for number in sorted({*exact.matches, *near}):
        item, match = items[number], exact.matches.get(number)
        cosine, train_id = near.get(number, (None, ""))
        kind: Match = match.kind if match else "near"
        times = match.times if match else 0
        own_id = match.train_id if match else train_id
        pairs.append(OverlapPair(item.part, item.role, item.id, kind, own_id, times, cosine))
    return sorted(pairs, key=lambda one: (_STRENGTH.index(one.match), -(one.cosine or 0.0)))


def _parts(found: BenchmarkItems, pairs: Sequence[OverlapPair]) -> list[PartOverlap]:
    names = dict.fromkeys([*(item.part for item in found.items), *found.short])
    items = [item.part for item in found.items]
    matches = [(pair.part, pair.match) for pair in pairs]
    return [
        PartOverlap(
            name,
            items.count(name),
            found.short.get(name, 0),
            *(matches.count((name, kind)) for kind in _STRENGTH),
        )
        for name in names
    ]


def _failures(nearest: Sequence[NearestRows]) -> Iterator[str]:
    """Yield what the model could not embed, such as damaged images."""
    for one in nearest:
        for failed, place in ((one.failed, "test set"), (one.training_failed, "training list")):
            if failed:
                what = count(failed, f"{one.modality} item")
                yield f"{what} of the {place} could not be embedded: no near duplicates"


def _notes(
    items: Sequence[BenchmarkItem],
    rows: TrainingRows,
    embedder: Embedder | None,
) -> list[str]:
    """Return what was not compared."""
    own = {item.modality for item in items}
    notes = [f"the training list has no {one}" for one in sorted(own - rows.modalities)]
    if embedder is None:
        notes.append("near duplicates need a model: add -m MODEL, such as -m clip@CHECKPOINT")
    else:
        common = own & rows.modalities
        notes += [
            f"model {embedder.name} embeds no {one}, so near duplicates of {one} are not found"
            for one in sorted(common - embedder.modalities)
        ]
    return notes

"""The output of a sample as labelled lines: an answer, retrieved documents, or class scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmbench.cli.output.samples.fields import Field, View, short_place, text_lines
from mmbench.comparison.samples.output_text import (
    best_classes,
    class_name,
    class_scores,
    is_ranking,
    pair_names,
    place_text,
)
from mmbench.comparison.samples.run_sample import Hit, RunSample
from mmbench.text import count, plain

_FEW = 5  # documents and classes shown in a list of samples
_RANKS = 20  # ranks of relevant documents shown


def output_fields(sample: RunSample, view: View, answer: str = "") -> Iterator[Field]:
    """Yield the output of a sample: reasoning, answer, ranks, classes or cluster, parsed answers.

    `answer` is shown in place of the answer if it is given.
    """
    yield from _reasoning(sample, view)
    if sample.error is not None:
        yield Field("failed", [plain(sample.error, 1_000)])
    elif is_ranking(sample.output):
        yield from _ranking(sample, view)
    elif (scores := class_scores(sample.output)) is not None:
        pairs = pair_names(sample.target)
        lines = _class_lines(scores, sample.references, pairs or view.labels)
        yield Field("pairs" if pairs else "classes", list(lines))
    elif (majority := majority_class(sample)) is not None:
        yield Field("cluster", [plain(sample.answer_text)])
        yield Field("majority", [plain(class_name(majority, view.labels), 80)])
    else:
        yield Field("answer", [answer] if answer else text_lines(sample.answer_text, view.whole))
        yield from _parsed(sample, view)
        yield from _verdicts(sample, view)
    if sample.rejected is not None:
        yield Field("failed", [plain(sample.rejected, 1_000)])
    yield from _reasons(sample, view)
    if view.whole:
        yield from _speakers(sample, view)
        yield Field("scores", [f"{plain(n)} {v:.4g}" for n, v in sample.scores.items()] or ["none"])


def majority_class(sample: RunSample) -> int | None:
    """Return the majority class of the cluster of a sample; None without clusters."""
    classes = (own.get("majority") for own in sample.details.values())
    return next((one for one in classes if isinstance(one, int)), None)


def _speakers(sample: RunSample, view: View) -> Iterator[Field]:
    """Yield the assignment of the speakers of a session, if the metric of the view has one."""
    assignment = sample.details.get(view.metric, {}).get("assignment")
    if assignment:
        yield Field("speakers", text_lines(str(assignment), whole=True))


def _reasoning(sample: RunSample, view: View) -> Iterator[Field]:
    if not sample.reasoning:
        return
    if view.whole:
        yield Field("reasoning", text_lines(sample.reasoning, whole=True))
        return
    size = f"{count(sample.reasoning.count(chr(10)) + 1, 'line')}"
    yield Field("reasoning", [f"{size}, {count(len(sample.reasoning), 'character')}"])


def _parsed(sample: RunSample, view: View) -> Iterator[Field]:
    """Yield the answers that metrics parsed, unless all are equal to the output."""
    by_answer: dict[str | None, list[str]] = {}
    for metric in view.parsers:
        answer = sample.details.get(metric, {}).get("answer")
        by_answer.setdefault(None if answer is None else str(answer), []).append(metric)
    if by_answer.keys() <= {sample.answer_text}:
        return
    names = {answer: f"  ({plain(', '.join(own))})" for answer, own in by_answer.items()}
    yield Field(
        "parsed as",
        [
            (plain(answer or "") or "nothing") + (names[answer] if len(by_answer) > 1 else "")
            for answer in by_answer
        ],
    )


def _verdicts(sample: RunSample, view: View) -> Iterator[Field]:
    """Yield what judges said of the answer: verdict, reason, and instructions that they read."""
    for metric, facts in sample.details.items():
        if not facts.get("verdict"):
            continue
        lines = text_lines(f"{facts['verdict']}: {facts.get('reason', '')}", view.whole)
        if facts.get("instructions"):
            lines.append(f"the answer contains instructions: {plain(str(facts['instructions']))}")
        yield Field("verdict", [*lines, f"({plain(metric)})"])


def _reasons(sample: RunSample, view: View) -> Iterator[Field]:
    """Yield the reasons of metrics that say why an output is wrong."""
    details = [own for own in sample.details.values() if not own.get("verdict")]
    reasons = [str(own["reason"]) for own in details if own.get("reason")]
    if reasons:
        yield Field("reason", [line for why in reasons for line in text_lines(why, view.whole)])


def _class_lines(
    scores: list[float], references: Sequence[str], labels: Sequence[str]
) -> Iterator[str]:
    """Yield the classes with the highest scores, and the reference classes below them."""
    best = best_classes(scores, len(scores))
    rank = {at: nth for nth, at in enumerate(best, 1)}
    names_by_class = {at: class_name(at, labels) for at in best}
    right = [at for at in best if names_by_class[at] in references]
    first = best[:_FEW]
    for at in [*first, *(at for at in right[:_FEW] if at not in first)]:
        mark = "  (reference)" if at in right else ""
        yield f"{rank[at]:>3}  {scores[at]:8.4g}  {plain(names_by_class[at], 80)}{mark}"


def _ranking(sample: RunSample, view: View) -> Iterator[Field]:
    """Yield the first retrieved documents, then the relevant documents that are not among them."""
    hits = sample.hits if view.whole else sample.hits[:_FEW]
    ranks = [rank for rank in sample.output["ranks"] if rank is not None]
    if hits:
        # Without stored queries, only the ranks tell which documents are relevant.
        known = {hit.rank for hit in hits if hit.relevant} if sample.relevant else {*ranks}
        lines = [_hit_line(hit, view.whole, mark=hit.rank in known) for hit in hits]
        yield Field("retrieved", lines)
    if len(ranks) > 1:
        lowest = ", ".join(f"{rank:,}" for rank in ranks[:_RANKS])
        more = f" and {len(ranks) - _RANKS:,} more" if len(ranks) > _RANKS else ""
        yield Field("ranks", [f"{lowest}{more} (of the relevant documents)"])
    among = {hit.id for hit in hits}
    missed = [hit for hit in sample.relevant if hit.id not in among]
    first = missed if view.whole else missed[:_FEW]
    lines = [_hit_line(hit, view.whole) for hit in first]
    if rest := len(missed) - len(first):
        lines += [f"… and {count(rest, 'more relevant document')}"]
    if lines:
        yield Field("relevant", lines)


def _hit_line(hit: Hit, whole: bool, *, mark: bool = False) -> str:
    """Return a document as a line: its rank (– if unknown), id, texts and media.

    Of a path, only the file name is shown unless `whole`.
    """
    parts = [f"{hit.rank or '–':>4}", plain(hit.id, 100), *(["(relevant)"] if mark else [])]
    if hit.sample is not None:
        texts = hit.sample.texts.values()
        parts += [line for text in texts for line in text_lines(text, whole=False)]
        places = map(place_text if whole else short_place, hit.sample.media.values())
        parts += [plain(place, 300) for place in places]
    return "  ".join(parts)

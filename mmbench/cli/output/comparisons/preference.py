"""The lines and the CSV rows of `mmbench compare --judge`."""

from __future__ import annotations

from collections.abc import Iterator

from mmbench.cli.output.terminal import listing, table, wrapped
from mmbench.comparison.preference.result import JudgedPair, PairCounts, Preference
from mmbench.reports.sections import label
from mmbench.text import count, count_in_groups, csv_cell, plain
from mmbench.text.excerpts import excerpts
from mmbench.text.number_format import (
    format_interval,
    format_number,
    format_p_value,
    format_percent,
)
from mmbench.types import RunRecord

_QUOTED = 60  # longer answers are truncated to this many characters
_CELL = 32_000  # characters; a cell of Excel holds 32,767
_ORDER = ("baseline", None, "tie", "candidate")  # losses first, like the changes of metrics


def preference_lines(
    result: Preference, records: tuple[RunRecord, RunRecord], most: int, width: int | None
) -> list[str]:
    """Return the lines for the preference between two runs; at most `most` pairs are shown."""
    runs = listing(
        [
            (role, plain(record.run), plain(label(record)))
            for role, record in zip(("baseline", "candidate"), records, strict=True)
        ],
        width,
    )
    return [
        f"{plain(result.task)}: judge {plain(result.judge)}",
        f"{plain(result.rubric)}; both orders; seed {result.seed}",
        "",
        *runs,
        "",
        *_table(result, width),
        "",
        *(line for note in _notes(result) for line in wrapped(f"  {note}", width)),
        *_pairs(result, most, width),
    ]


def _table(result: Preference, width: int | None) -> list[str]:
    counts = result.counts
    header = ["", "wins", "ties", "losses", "win rate", f"{100 * (1 - result.alpha):g} %", "p",
              "verdict"]  # fmt: skip
    row = [
        "candidate",
        *(f"{number:,}" for number in (counts.wins, counts.ties, counts.losses)),
        format_number(result.win_rate),
        format_interval(result.low, result.high),
        format_p_value(result.p_value),
        result.verdict,
    ]
    return table([header, row], {0, 7}, width)


def _notes(result: Preference) -> Iterator[str]:
    counts = result.counts
    size = count_in_groups(result.n, "pair", result.groups)
    yield f"paired permutation, on {size}; a tie counts ½"
    if result.reason:
        yield f"no test: {plain(result.reason, 400)}"
    if counts.asked:
        yield _order_note(counts)
    unasked = [
        (counts.same, "with the same answer twice (ties)"),
        (counts.empty, "with one empty answer, which loses"),
    ]
    if parts := [f"{number:,} {what}" for number, what in unasked if number]:
        yield f"not shown to the judge: {', '.join(parts)}"
    yield from _missing(result)
    if spent := result.tokens.get("judge all"):
        yield f"the judge read {spent['prompt']:,} and wrote {spent['completion']:,} tokens"
    if counts.instructions:
        yield (
            f"{count(counts.instructions, 'answer')} may contain instructions to the judge; read"
            " them (--csv)"
        )


def _order_note(counts: PairCounts) -> str:
    share = format_percent(counts.disagree / counts.asked)
    first = format_percent(counts.first / (2 * counts.asked))
    second = format_percent(counts.second / (2 * counts.asked))
    return (
        f"the orders disagree on {counts.disagree:,} of {count(counts.asked, 'pair')} ({share}),"
        f" which are ties; verdicts for the first answer {first}, for the second {second}"
    )


def _missing(result: Preference) -> Iterator[str]:
    counts = result.counts
    lacking = [
        (counts.unparsed, "unparsed"),
        (counts.failed, "that the judge could not answer"),
    ]
    if parts := [f"{number:,} {what}" for number, what in lacking if number]:
        bounds = format_interval(*result.bounds) if result.bounds else "n/a"
        example = next(pair for pair in result.pairs if pair.winner is None)
        yield (
            f"without a verdict: {', '.join(parts)}; the win rate would be {bounds} with them; e.g."
            f" {plain(example.id, 60)}: {plain(example.reason, 300)}"
        )
    if counts.excluded:
        yield f"excluded: {count(counts.excluded, 'sample')} without an answer in both runs"


def _pairs(result: Preference, most: int, width: int | None) -> list[str]:
    """Return the first pairs, losses of the candidate first."""
    order = sorted(result.pairs, key=lambda pair: _ORDER.index(pair.winner))
    chosen = order[: max(0, most)]
    if not chosen:
        return []
    lines = ["", "Pairs, losses of the candidate first:"]
    for pair in chosen:
        lines += ["", f"  {plain(pair.id, 60)}  {_outcome(pair)}"]
        answers = excerpts(pair.baseline_answer, pair.candidate_answer, _QUOTED)
        rows = [("baseline", answers[0] or "nothing"), ("candidate", answers[1] or "nothing")]
        rows += [("judge", plain(pair.reason, 300))] if pair.reason else []
        lines += listing(rows, width, indent=4)
    return lines


def _outcome(pair: JudgedPair) -> str:
    if pair.winner is None:
        return pair.status
    words = {"candidate": "the candidate wins", "baseline": "the baseline wins", "tie": "tie"}
    if pair.disagree:
        return f"tie: the orders disagree ({', then '.join(pair.verdicts)})"
    return words[pair.winner] + ("" if pair.status == "judged" else f": {pair.status}")


def pair_rows(result: Preference) -> Iterator[dict[str, object]]:
    """Yield the rows of the CSV file of `--csv`."""
    for pair in result.pairs:
        verdicts = [*pair.verdicts, "", ""]
        yield {
            "baseline": result.baseline,
            "candidate": result.candidate,
            "id": csv_cell(pair.id, _CELL),
            "status": pair.status,
            "winner": pair.winner,
            "verdict baseline first": verdicts[0],
            "verdict candidate first": verdicts[1],
            "disagree": pair.disagree,
            "reason": csv_cell(pair.reason, _CELL),
            "answer baseline": csv_cell(pair.baseline_answer, _CELL),
            "answer candidate": csv_cell(pair.candidate_answer, _CELL),
            "instructions": csv_cell(
                "; ".join(f"{run}: {', '.join(kinds)}" for run, kinds in pair.instructions.items())
            ),
        }

"""Edit counts of a hypothesis against a reference, which may have alternatives.

Counts are in words or characters. A reference with alternatives has several readings, and the
reading with the fewest edits is used; ties are broken by the fewest substitutions, then by the
fewest insertions. NIST's sclite makes the same choice, by costs of 4 for a substitution and 3 for
an insertion or a deletion: for `{ a b / @ }` and the hypothesis `a`, it chooses `a b` and counts a
deletion. Source: usnistgov/SCTK doc/sclite.htm, src/sclite/net_dp.c.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.text.alternatives import words_of

CostRow = NDArray[np.int64]

# A cost packs the numbers of edits, substitutions and insertions, 20 bits each.
_BITS = 20
_MASK = (1 << _BITS) - 1
_DELETION = 1 << 2 * _BITS
_INSERTION = _DELETION + 1
_SUBSTITUTION = _DELETION + (1 << _BITS)

_MATCH, _DELETE, _INSERT = range(3)  # the last step of an alignment; a match may be a substitution


class Edits(NamedTuple):
    """Edit counts between a hypothesis and its reference, in words or characters.

    `hits` are tokens of the reference. A merged compound (`mmbench.metrics.speech.compounds`) has
    as many hits as words of the reference.
    """

    hits: int
    substitutions: int
    deletions: int
    insertions: int

    @property
    def edits(self) -> int:
        """The number of substitutions, deletions and insertions."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def reference(self) -> int:
        """The length of the reference."""
        return self.hits + self.substitutions + self.deletions

    @property
    def hypothesis_length(self) -> int:
        """The length of the hypothesis, if no compounds were merged."""
        return self.hits + self.substitutions + self.insertions


NO_EDITS = Edits(0, 0, 0, 0)  # of a sample that is not scored


class _EditCosts(NamedTuple):
    """Costs of the cheapest alignments of a part of the reference with each hypothesis prefix.

    The part consists of the pieces of the reference that have been read. A cost row has m + 1
    values, for hypothesis prefixes of 0 to m tokens. `empty` is the row for readings of the part
    without a word, `started` for readings with at least one word; None if there are no such
    readings. The two are separate because a space precedes every word except the first.
    """

    empty: CostRow | None
    started: CostRow | None


def fewest_edits(
    pieces: Sequence[Any], tokens: Sequence[str], *, characters: bool = False
) -> Edits:
    """Count the edits of the best reading of a reference with alternatives.

    `pieces` is the reference (`mmbench.text.alternatives`). `tokens` are the tokens of the
    hypothesis: its words or, if `characters`, its characters.
    """
    codes = {token: code for code, token in enumerate(dict.fromkeys(tokens))}
    hypothesis = np.array([codes[token] for token in tokens], np.int64)

    def step(row: CostRow, token: str) -> CostRow:
        return _step(row, hypothesis, codes.get(token, -1))

    start = _INSERTION * np.arange(len(tokens) + 1, dtype=np.int64)
    rows = _after(pieces, _EditCosts(start, None), step, characters=characters)
    return _edits_of_cost(min(int(row[-1]) for row in rows if row is not None), len(tokens))


def _after(
    pieces: Sequence[Any],
    rows: _EditCosts,
    step: Callable[[CostRow, str], CostRow],
    *,
    characters: bool,
) -> _EditCosts:
    """Return the costs after `pieces` of a reference; `rows` are the costs before them.

    `step` updates a row of costs for one token of the reference.
    """
    for piece in pieces:
        if isinstance(piece, str):
            for word in words_of(piece):
                rows = _EditCosts(None, _after_word(word, rows, step, characters=characters))
        else:
            ends = [_after(choice, rows, step, characters=characters) for choice in piece]
            rows = _EditCosts(_least(e.empty for e in ends), _least(e.started for e in ends))
    return rows


def _after_word(
    word: str, rows: _EditCosts, step: Callable[[CostRow, str], CostRow], *, characters: bool
) -> CostRow:
    ends = []
    for row, space in ((rows.empty, ""), (rows.started, " " if characters else "")):
        if row is not None:
            for token in f"{space}{word}" if characters else (word,):
                row = step(row, token)
            ends.append(row)
    return np.asarray(np.minimum.reduce(ends))


def _least(rows: Iterable[CostRow | None]) -> CostRow | None:
    present = [row for row in rows if row is not None]
    return np.minimum.reduce(present) if present else None


def _step(row: CostRow, hypothesis: CostRow, token: int) -> CostRow:
    """Return the row of costs after one more token of the reference.

    `row` [m + 1] are the costs before this token, `hypothesis` [m] the codes of the hypothesis
    tokens, and `token` is the code of the reference token, -1 if the hypothesis does not contain
    it.
    """
    moved = row + _DELETION
    matched = row[:-1] + np.where(hypothesis == token, 0, _SUBSTITUTION)
    np.minimum(moved[1:], matched, out=moved[1:])
    ramp = _INSERTION * np.arange(len(row), dtype=np.int64)
    return np.asarray(np.minimum.accumulate(moved - ramp) + ramp)


def _edits_of_cost(cost: int, length: int) -> Edits:
    edits, substitutions, insertions = cost >> 2 * _BITS, cost >> _BITS & _MASK, cost & _MASK
    hits = length - substitutions - insertions
    return Edits(hits, substitutions, edits - substitutions - insertions, insertions)


def cheapest_path(
    reference: Sequence[str], hypothesis: Sequence[str]
) -> list[tuple[int | None, int | None]]:
    """Return the cheapest alignment of two token sequences, as pairs of positions.

    A None for the reference is an insertion, a None for the hypothesis a deletion. The numbers of
    edits are those of `fewest_edits`. Takes a byte for each pair of tokens.
    """
    codes = {token: code for code, token in enumerate(dict.fromkeys(hypothesis))}
    columns = np.array([codes[token] for token in hypothesis], np.int64)
    row = _INSERTION * np.arange(len(hypothesis) + 1, dtype=np.int64)
    moves = np.empty((len(reference), len(hypothesis) + 1), np.int8)
    for at, token in enumerate(reference):
        after = _step(row, columns, codes.get(token, -1))
        moves[at] = np.where(after == row + _DELETION, _DELETE, _INSERT)
        matched = row[:-1] + np.where(columns == codes.get(token, -1), 0, _SUBSTITUTION)
        moves[at, 1:][after[1:] == matched] = _MATCH
        row = after
    return _traced(moves)


def _traced(moves: NDArray[np.int8]) -> list[tuple[int | None, int | None]]:
    """Follow the moves [n, m + 1] from the last pair of tokens to the first one."""
    row, at = moves.shape[0], moves.shape[1] - 1
    path: list[tuple[int | None, int | None]] = []
    while row or at:
        move = int(moves[row - 1, at]) if row else _INSERT
        row, at = row - (move != _INSERT), at - (move != _DELETE)
        path.append((None if move == _INSERT else row, None if move == _DELETE else at))
    return path[::-1]

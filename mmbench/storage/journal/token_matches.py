"""The bytes of matches of tokens: counts, ids, then cosines, little-endian.

int32    k references · t tokens of the text · r tokens of each reference
int32    ids of the text · ids of each reference
float32  for each reference: cosines [t] of the text's tokens, cosines [r] of its own
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mmbench.types import TokenMatches


def encode_matches(matches: TokenMatches) -> bytes:
    """Return the bytes of matches. Raises ValueError if the lengths of the arrays differ."""
    ids = [np.asarray(one) for one in (matches.text, *matches.references)]
    best = [np.asarray(one) for one in (*matches.text_best, *matches.reference_best)]
    n = len(matches.references)
    expected = [len(ids[0])] * n + [len(one) for one in ids[1:]]
    if list(map(len, best)) != expected:
        raise ValueError(f"{expected} cosines are needed, found {list(map(len, best))}")
    counts = [np.array([n, *map(len, ids)])]
    parts = [*(one.astype("<i4") for one in (*counts, *ids)), *(one.astype("<f4") for one in best)]
    return b"".join(part.tobytes() for part in parts)


def decode_matches(row: bytes | memoryview) -> TokenMatches:
    """Return the matches whose bytes are `row`."""
    numbers = np.frombuffer(bytes(row), "<i4")
    n, counts = int(numbers[0]), numbers[1 : 2 + int(numbers[0])]
    sizes = [*counts, *[counts[0]] * n, *counts[1:]]
    ends = np.cumsum([2 + n, *sizes]).tolist()
    cosines = numbers.view("<f4")
    ids = [numbers[a:b] for a, b in pairwise(ends[: n + 2])]
    best = [cosines[a:b] for a, b in pairwise(ends[n + 1 :])]
    return TokenMatches(ids[0], ids[1:], best[:n], best[n:])

"""The samples and scores that another evaluation harness has written to a file."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field


class HarnessSample(Struct, frozen=True):
    """One output of a model, as another harness has stored it.

    `row` is the row number of the sample in the harness's data set, from 0, or None if the file has
    real ids. `id` is the id as written in the file; for a harness that numbers samples, it is the
    decimal row number. `prompt` is the text that the model got, "" if the file does not have it.
    `raw` is the model's whole output, `extracted` the answer that the harness took from it and
    scored; each is None if the file does not have it. `reference` is the correct answer as the file
    has it, None if it has none. `scores` are the harness's scores of this output. `media` are the
    paths, file names or URLs of the input media. `error` is the reason why the model gave no
    output, or "". `tags` are further short values: the harness's `filter`, the `repeat` of a sample
    that was asked several times (from 1), and columns of the data set.
    """

    row: int | None
    id: str
    prompt: str = ""
    raw: Any = None
    extracted: Any = None
    reference: Any = None
    scores: dict[str, float] = field(default_factory=dict)
    media: list[str] = field(default_factory=list)
    error: str = ""
    tags: dict[str, str] = field(default_factory=dict)


class HarnessResults(Struct, frozen=True):
    """The outputs in a file of another harness, one per sample, filter and repeat.

    `harness` is the name of the harness ("lmms-eval"). `scores` are the aggregated scores in a file
    of results next to the samples, by metric; {} if there is no such file. `notes` say what a
    reader of the scores has to know about the file. `digest` is the hash of the bytes read.
    """

    harness: str
    samples: list[HarnessSample]
    scores: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    digest: str = ""

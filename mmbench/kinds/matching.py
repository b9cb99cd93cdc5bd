"""The kind `matching`: a model scores each pair of an image and a text of a sample."""

from __future__ import annotations

import math
import re
from typing import Literal, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from mmbench.columns import table
from mmbench.datasets import Samples
from mmbench.errors import DataError, SpecError
from mmbench.kinds.inputs import input_of
from mmbench.kinds.per_sample import PerSample, each_output, hash_number
from mmbench.kinds.responses import first_failure, per_token, spans, vectors
from mmbench.protocols import Embeds, Needs, Rates, Responses
from mmbench.types import (
    Content,
    ContinuationRequest,
    InvalidContent,
    KindOptions,
    Media,
    Message,
    Modality,
    Outputs,
    Predictions,
    Requests,
    Sample,
    TaskSpec,
    VectorOutputs,
)

Scores = NDArray[np.float64]

_FIELD = re.compile(r"(image|audio|video|text)(?:_(\d+))?")
_TEXT = "{text}"


class MatchingOptions(KindOptions, frozen=True):
    """Options of `matching`.

    `pair_score` is `cosine`, the cosine of the embeddings of image and text, or `likelihood`, the
    probability that a chat model gives the `answer` to the `prompt` about the image. The text
    replaces `{text}` in `prompt`.
    """

    pair_score: Literal["cosine", "likelihood"] = "cosine"
    prompt: str = _TEXT
    answer: str = "Yes"


class SampleContents(NamedTuple):
    """The media and the texts of a sample, and a matrix with 1 for each pair that belongs together.

    The matrix has a row for each media item and a column for each text.
    """

    media: list[Content]
    texts: list[Content]
    matches: list[list[int]]


class Matching(PerSample):
    """The kind `matching`. A value is an array of scores [media * texts], row by row.

    The fields of the task are `image_1`, `image_2`, … and `text_1`, `text_2`, … (or audio or
    video); `image` is the same as `image_1`. An image and a text with the same number belong
    together, all others do not. A target is a matrix with a row for each image, a column for each
    text, and 1 for each pair that belongs together.
    """

    Options = MatchingOptions
    options: MatchingOptions
    ability = Embeds
    baselines = ("oracle", "constant", "random")

    def __init__(self, task: TaskSpec, /) -> None:
        super().__init__(task)
        parsed = {name: _FIELD.fullmatch(name) for name in task.fields}
        numbers = {n: (m[1], int(m[2] or 1)) for n, m in parsed.items() if m}
        media = {kind for kind, _ in numbers.values()} - {"text"}
        if len(numbers) < len(parsed) or len(media) != 1 or len(set(numbers.values())) < 3:
            raise SpecError(
                f"task {task.name}: fields of a matching task must be images (or audio, or videos)"
                " and texts with numbers, at least three in all; set e.g. `fields: {image_1:"
                " image, text_1: caption, text_2: wrong_caption}`"
            )
        if _TEXT not in self.options.prompt:
            raise SpecError(
                f"task {task.name}: prompt {self.options.prompt!r} has no {_TEXT}; add it where"
                " the text belongs"
            )
        self._medium: Modality = media.pop()  # type: ignore[assignment]  # checked above
        self._numbers = dict(sorted(numbers.items(), key=lambda item: item[1]))

    def needs(self) -> Needs:
        """Return the ability that a model needs: Embeds, or Rates for `pair_score: likelihood`."""
        if self.options.pair_score == "cosine":
            return Needs(Embeds, frozenset({self._medium, "text"}))
        return Needs(Rates, frozenset({self._medium}))

    def requests(self, data: Samples, _seed: int, /) -> dict[str, Requests]:
        """Return embedding requests for all media and texts, or a request for each pair.

        Raises DataError for a sample without media or texts.
        """
        contents = self._contents(data)
        if self.options.pair_score == "likelihood":
            rated = [
                self._question(medium, text)
                for one in contents
                for medium in one.media
                for text in one.texts
            ]
            return {"pair": Requests(rated, self._medium, method="loglikelihood")}
        media = [medium for one in contents for medium in one.media]
        texts = [self._prompted(text) for one in contents for text in one.texts]
        return {"media": Requests(media, self._medium), "text": Requests(texts, "text", "query")}

    def _prompted(self, text: Content) -> Content:
        return self.options.prompt.replace(_TEXT, text) if isinstance(text, str) else text

    def _question(self, medium: Content, text: Content) -> ContinuationRequest:
        parts = (medium, self._prompted(text))
        return ContinuationRequest((Message("user", parts),), self.options.answer)

    def failures(self, data: Samples, responses: Responses, /) -> list[tuple[str, str]]:
        """Return (id, reason) of each sample of which an image, a text or a pair failed."""
        values = self.values(data, responses)
        pairs = zip(data.samples, values, strict=True)
        return [(s.id, value.reason) for s, value in pairs if isinstance(value, InvalidContent)]

    def values(self, data: Samples, responses: Responses, /) -> list[Scores | InvalidContent]:
        """Return the scores [media * texts] float64 of each sample."""
        contents = self._contents(data)
        if self.options.pair_score == "likelihood":
            rated = vectors(responses, "pair")
            pairs = spans(len(one.media) * len(one.texts) for one in contents)
            return [_probabilities(rated, *span) for span in pairs]
        media, texts = vectors(responses, "media"), vectors(responses, "text")
        media_spans = spans(len(one.media) for one in contents)
        text_spans = spans(len(one.texts) for one in contents)
        both = zip(media_spans, text_spans, strict=True)
        return [_cosines(media, texts, *pair) for pair in both]

    def accepted(self, data: Samples, outputs: Outputs, /) -> list[object]:
        """Return the scores of another program: a matrix, or its rows one after the other.

        Raises DataError for an output of another size, and for scores that are not finite.
        """
        sizes = {
            sample.id: (len(one.media), len(one.texts))
            for sample, one in zip(data.samples, self._contents(data), strict=True)
        }
        ids = iter(sizes)
        return each_output(
            self.task, data, outputs, lambda output, where: _scores(output, sizes[next(ids)], where)
        )

    def predictions(self, data: Samples, responses: Responses, /) -> Predictions:
        """Return predictions: the scores of a model with the pairs that belong together."""
        return super().predictions(self._with_targets(data), responses)

    def accept(self, data: Samples, outputs: Outputs, /) -> Predictions:
        """Return predictions: the scores of another program with the pairs that belong together."""
        return super().accept(self._with_targets(data), outputs)

    def baseline(self, name: str, data: Samples, seed: int, /) -> Predictions:
        """Return the predictions of a baseline with the pairs that belong together."""
        return super().baseline(name, self._with_targets(data), seed)

    def baseline_values(self, name: str, data: Samples, seed: int, /) -> list[Scores]:
        """Return the scores of a baseline.

        The oracle gives 1 to pairs that belong together and 0 to others. `constant` gives 0 to all
        pairs, `random` numbers from 0 to 1 that are derived from the seed and the id.
        """
        matches = [np.array(one.matches, np.float64).ravel() for one in self._contents(data)]
        if name == "oracle":
            return matches
        if name == "constant":
            return [np.zeros_like(own) for own in matches]
        seeds = (hash_number(seed, sample.id) for sample in data.samples)
        return [
            np.random.default_rng(one).random(len(own))
            for one, own in zip(seeds, matches, strict=True)
        ]

    def signature(self, _data: Samples, /) -> str:
        """Return the way in which pairs are scored."""
        return f"pairs={self.options.pair_score}"

    def _contents(self, data: Samples) -> list[SampleContents]:
        return [self._contents_of(sample) for sample in data.samples]

    def _contents_of(self, sample: Sample) -> SampleContents:
        spec = self.task
        present = {n: k for n, k in self._numbers.items() if spec.fields[n] in sample.inputs}
        if len(present) < 3:
            present = self._numbers  # the first field that is missing is an error
        contents = {n: input_of(spec, sample, spec.fields[n]) for n in present}
        media = [name for name, (kind, _) in present.items() if kind != "text"]
        texts = [name for name, (kind, _) in present.items() if kind == "text"]
        _check(spec, sample, {n: contents[n] for n in media}, {n: contents[n] for n in texts})
        matches = [[int(present[m][1] == present[t][1]) for t in texts] for m in media]
        return SampleContents([contents[n] for n in media], [contents[n] for n in texts], matches)

    def _with_targets(self, data: Samples) -> Samples:
        samples = table(Sample, data.samples, ("inputs", "tags"))
        targets = [one.matches for one in self._contents(data)]
        return replace(data, samples=samples.with_columns(target=targets))


def _check(
    spec: TaskSpec, sample: Sample, media: dict[str, Content], texts: dict[str, Content]
) -> None:
    """Raise DataError if a media input is a text or a text input is a media item."""
    wrong = [name for name, content in media.items() if isinstance(content, str)]
    wrong += [name for name, content in texts.items() if isinstance(content, Media)]
    if wrong:
        what = "a text" if wrong[0] in media else "not a text"
        raise DataError(
            f"task {spec.name}: {spec.fields[wrong[0]]} of sample {sample.id} is {what}; name"
            f" another column as {wrong[0]} in `fields`"
        )


def _cosines(
    media: VectorOutputs,
    texts: VectorOutputs,
    media_span: tuple[int, int],
    text_span: tuple[int, int],
) -> Scores | InvalidContent:
    """Return the cosine of each pair [media * texts] float64, or the reason why a vector failed.

    Each cosine is summed separately, in the same order, so that equal vectors have equal scores: a
    matrix product may sum its columns in different orders.
    """
    sides = ((media, media_span), (texts, text_span))
    reasons = [first_failure(outputs.failures, *span) for outputs, span in sides]
    if reason := next(filter(None, reasons), None):
        return InvalidContent(reason)
    one = media.vectors[slice(*media_span)].astype(np.float64)
    other = texts.vectors[slice(*text_span)].astype(np.float64)
    cosines: Scores = (one[:, None] * other[None]).sum(axis=2).ravel()
    return cosines


def _probabilities(rated: VectorOutputs, start: int, end: int) -> Scores | InvalidContent:
    """Return the probability per token of the answer for each pair, [media * texts] float64."""
    if reason := first_failure(rated.failures, start, end):
        return InvalidContent(reason)
    probabilities: Scores = np.exp(per_token(rated.vectors[start:end].astype(np.float64)))
    return probabilities


def _scores(output: object, shape: tuple[int, int], where: str) -> Scores | InvalidContent:
    """Convert scores to an array [media * texts] float64. Raises DataError for another size."""
    try:
        scores = np.asarray(output, np.float64)
    except (TypeError, ValueError):
        scores = np.array(math.nan)
    if scores.shape not in (shape, (shape[0] * shape[1],)):
        raise DataError(
            f"{where} is not a list of {shape[0] * shape[1]} scores; give the scores of image 1"
            " with each text, then those of image 2, ..."
        )
    if not np.isfinite(scores).all():
        return InvalidContent("a score is NaN or infinite")
    return scores.ravel()

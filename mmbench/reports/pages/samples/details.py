"""The details of the samples of a browser, as JSON.

`mmbench/reports/pages/assets/sample_details.js` shows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmbench.comparison.samples.output_text import (
    best_classes,
    class_name,
    class_scores,
    pair_names,
)
from mmbench.comparison.samples.run_sample import Hit, RunSample
from mmbench.comparison.samples.run_samples import RunSamples
from mmbench.metrics.speech.alignment import error_rate
from mmbench.metrics.speech.long_form import options_in_signature
from mmbench.reports.pages.samples.alignments import alignment
from mmbench.reports.pages.samples.media import PageMedia, ShownMedium
from mmbench.reports.pages.samples.rows import SampleRows, answer, references, with_inputs
from mmbench.reports.pages.samples.summary import Json, Pictures
from mmbench.types import MediaPlace
from mmbench.validation.safe_parse import encode_json

LONGEST = 1 << 20  # characters of a text
HIT_TEXT = 500  # characters of the text of a retrieved document
_CLASSES = 5  # classes with the highest scores


class Details:
    """Makes the details of samples, with their media."""

    def __init__(self, samples: SampleRows, media: PageMedia, *, pictures: Pictures | None) -> None:
        """`pictures` is the table for the URLs of media in a single page; None in a site."""
        self._samples, self._media, self._pictures = samples, media, pictures
        self._rates = [next(filter(error_rate, run.record.scores), "") for run in samples.runs]

    def make(self, outputs: Sequence[RunSample]) -> tuple[Json, list[ShownMedium]]:
        """Return the details of a sample and its own media, without those of retrieved samples."""
        sample = with_inputs(outputs)
        own = self._media.show(list(sample.media.values()))
        pairs = zip(sample.media, own, strict=True)
        details = {
            "tags": [*sample.tags.items(), *_group(sample)],
            "texts": [(name, cut(text)) for name, text in sample.texts.items()],
            "media": [(name, self._medium(medium)) for name, medium in pairs],
            "references": [cut(text) for text in references(sample)],
            "outputs": [
                self._output(output, run, rate)
                for output, run, rate in zip(outputs, self._samples.runs, self._rates, strict=True)
            ],
        }
        return details, own

    def prepare(self, batch: Sequence[Sequence[RunSample]]) -> None:
        """Prepare the media of several samples at once, so that threads share the work."""
        self._media.show([place for outputs in batch for place in _places(outputs)])

    def _output(self, sample: RunSample, run: RunSamples, rate: str) -> Json:
        return {
            "error": sample.error,
            "rejected": sample.rejected,
            "answer": cut(answer(sample)),
            "media": [self._medium(one) for one in self._media.show(_generated(sample))],
            "alignment": alignment(sample, error_rate(rate)),
            "joined": bool(rate)
            and options_in_signature(run.record.scores[rate].signature) is not None,
            "classes": _best_classes(sample, run),
            "reasoning": None if sample.reasoning is None else cut(sample.reasoning),
            "tokens": sample.tokens,
            "details": [
                (metric, [(name, _as_text(value)) for name, value in facts.items()])
                for metric, facts in sample.details.items()
            ],
            "rank": sample.rank,
            "hits": [self._hit(hit) for hit in sample.hits],
            "relevant": [self._hit(hit) for hit in sample.relevant],
        }

    def _hit(self, hit: Hit) -> Json:
        texts = list(hit.sample.texts.values()) if hit.sample else []
        places = list(hit.sample.media.values()) if hit.sample else []
        return {
            "rank": hit.rank,
            "id": hit.id,
            "relevant": hit.relevant,
            "text": cut(" | ".join(texts), HIT_TEXT),
            "media": [self._medium(_thumbnail(shown)) for shown in self._media.show(places)],
        }

    def _medium(self, medium: ShownMedium) -> list[str | int]:
        modality, name, source, preview, note = medium
        return [modality, name, self._url(source), self._url(preview), note]

    def _url(self, url: str) -> str | int:
        return self._pictures.number(url) if self._pictures and url else url


def _thumbnail(shown: ShownMedium) -> ShownMedium:
    """Return a medium without its source if it has a preview: a document is shown small.

    A document is retrieved for many queries, and the source may be the whole medium.
    """
    return shown._replace(source="") if shown.preview else shown


def _group(sample: RunSample) -> list[tuple[str, str]]:
    has_group = sample.group not in ("", sample.id)
    return [("group", sample.group)] if has_group else []


def _places(outputs: Sequence[RunSample]) -> Iterator[MediaPlace]:
    yield from with_inputs(outputs).media.values()
    for output in outputs:
        yield from _generated(output)
        for hit in (*output.hits, *output.relevant):
            yield from hit.sample.media.values() if hit.sample else ()


def cut(text: str, longest: int = LONGEST) -> str:
    """Return a text, or its beginning with the number of the other characters."""
    more = len(text) - longest
    return text if more <= 0 else f"{text[:longest]}… ({more:,} more characters)"


def _as_text(value: object) -> str:
    """Return a value as text: a string unchanged, None as "", anything else as JSON."""
    if value is None:
        return ""
    return cut(value if isinstance(value, str) else encode_json(value).decode())


def _generated(sample: RunSample) -> list[MediaPlace]:
    return [] if sample.generated is None else [sample.generated]


def _best_classes(sample: RunSample, run: RunSamples) -> list[tuple[str, float]]:
    """Return the classes with the highest scores; [] if the output does not have class scores."""
    scores = class_scores(sample.output)
    if scores is None:
        return []
    labels = pair_names(sample.target) or run.labels
    return [(class_name(at, labels), scores[at]) for at in best_classes(scores, _CLASSES)]

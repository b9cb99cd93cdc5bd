"""The stages between a prompt and the scores per sample, replaced one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from mmbench.columns import ABSENT
from mmbench.comparison.explain.aggregation import gives
from mmbench.comparison.explain.conversion import (
    is_one_of_several,
    parsed_answer,
    same_reference,
    same_text,
)
from mmbench.comparison.explain.counterparts import Counterpart, with_their_scores
from mmbench.comparison.explain.prompts import same_prompt
from mmbench.comparison.explain.replacement import Chain, Mask, Scorer
from mmbench.comparison.explain.rescoring import Placed
from mmbench.comparison.explain.results import OurResult
from mmbench.comparison.explain.variants import reproduced, reproducing_variant, variants
from mmbench.stats.folds import Floats
from mmbench.text import count

NOT_IN_FILE = "not in their file"
NOT_STORED = "not stored with their run"
_NO_SCORES = "their file has no scores per sample"


class Stages:
    """The stages of the samples that both results scored.

    `chain` records the steps. `stated` is their aggregated score, None if it includes other
    samples. `absent` collects the stages that cannot be examined, with the reasons, and `notes`
    remarks for readers. `missing` is the reason for a stage that their result does not contain.
    """

    def __init__(
        self,
        ours: OurResult,
        pairs: Sequence[Counterpart],
        chain: Chain,
        stated: float | None,
    ) -> None:
        self.ours, self.pairs, self.chain, self.stated = ours, pairs, chain, stated
        self._is_run = any(pair.sample.key for pair in pairs)
        self.missing = NOT_STORED if self._is_run else NOT_IN_FILE
        self.absent: dict[str, str] = {}
        self.notes: list[str] = []
        self.none = np.zeros(len(pairs), np.bool_)
        self._scores = np.array([_or_nan(pair.score) for pair in pairs], np.float64)
        self._scored = any(p.score is not None or p.sample.metric_row is not None for p in pairs)

    def replace_all(self, score_name: str) -> None:
        """Replace answers, extraction, normalisation, references and scores per sample."""
        self._replace_answers()
        self._replace_extraction()
        self._replace_normalisation()
        self._replace_references()
        self._replace_scores(score_name)

    def _replace_answers(self) -> None:
        """Replace the raw answers: first where the prompts differ, then the others."""
        raw = [pair.final if pair.answer is ABSENT else pair.answer for pair in self.pairs]
        if all(value is ABSENT for value in raw):
            self.absent["raw answer"] = self.missing
            return
        own = [pair.item.prediction.value for pair in self.pairs]
        differs = _mask(
            value is not ABSENT and not same_text(mine, value)
            for mine, value in zip(own, raw, strict=True)
        )
        prompted = self._differing_prompts()
        if prompted.any():
            changed = count(int((prompted & differs).sum()), "other answer")
            detail = f"{count(int(prompted.sum()), 'other prompt')}, with {changed}"
            self.chain.replace("prompt", detail, prompted, values=_where(prompted, raw))
        rest, values = differs & ~prompted, _where(~prompted, raw)
        same = "" if "prompt" in self.absent else " to the same prompt"
        n = int(rest.sum())
        detail = f"{count(n, 'other answer')}{same}" if n else "other white space in answers"
        self.chain.replace("raw answer", detail, rest, values=values)

    def _differing_prompts(self) -> Mask:
        prompts = self.ours.prompts
        if prompts.absent or not prompts.texts:
            self.absent["prompt"] = prompts.absent or "not stored with our run"
        elif not any(pair.sample.prompt for pair in self.pairs):
            self.absent["prompt"] = self.missing
        if "prompt" in self.absent:
            return self.none
        own = [prompts.texts[pair.place or 0] for pair in self.pairs]
        return _mask(
            bool(mine and pair.sample.prompt) and not same_prompt(mine, pair.sample.prompt)
            for mine, pair in zip(own, self.pairs, strict=True)
        )

    def _replace_extraction(self) -> None:
        """Replace the raw answers by the answers that their harness extracted."""
        if all(pair.parsed is ABSENT for pair in self.pairs):
            if not self._is_run:  # a run stores the answers of the metrics that extract them
                self.absent["extraction"] = self.missing
            return
        if all(pair.answer is ABSENT for pair in self.pairs):
            self.absent["extraction"] = "their file has the extracted answers only"
            return
        differs = _mask(map(_is_parsed_differently, self.pairs))
        detail = f"{count(int(differs.sum()), 'answer')} extracted differently"
        values = _where(differs, [pair.parsed for pair in self.pairs])
        self.chain.replace("extraction", detail, differs, values=values)

    def _replace_normalisation(self) -> None:
        """Replace our normalisation by a known one that reproduces their scores clearly better."""
        if np.isnan(self._scores).all():
            self._replace_by_value()
            return
        own = self._reproduced(self.chain.scorer)
        known = [] if own.all() else list(variants(self.ours.parts, self.ours.options))
        chosen = reproducing_variant(own, [(one, self._reproduced(one.score)) for one in known])
        if chosen is not None:
            variant, mask = chosen
            detail = f"{variant.name}, which gives {mask.sum():,} of {len(mask):,} of their scores"
            self.chain.replace("normalisation", detail, self.none, scorer=variant.score)
        elif known:
            metric = self.ours.parts.metric
            self.notes.append(
                f"{metric} gives {own.sum():,} of {len(own):,} of their scores per sample, and no"
                " other known normalisation gives clearly more"
            )

    def _replace_by_value(self) -> None:
        """Replace our normalisation by a known one that gives their aggregated score."""
        stated, items = self.stated, self._their_items(all_references=False)
        if stated is None:
            self.absent["normalisation"] = _NO_SCORES
            return
        if gives(self.chain.scorer(items).value, stated):
            return
        known = variants(self.ours.parts, self.ours.options)
        chosen = next((one for one in known if gives(one.score(items).value, stated)), None)
        if chosen is None:
            self.absent["normalisation"] = _NO_SCORES
            return
        detail = f"{chosen.name}, which gives their aggregated score"
        self.chain.replace("normalisation", detail, self.none, scorer=chosen.score)

    def _reproduced(self, scorer: Scorer, *, all_references: bool = False) -> Mask:
        """Return a mask of the samples on which a scorer gives their score, from their answers."""
        items = self._their_items(all_references=all_references)
        return reproduced(scorer(items).each(), self._scores)

    def _their_items(self, *, all_references: bool) -> list[Placed]:
        """Return the samples with the answers replaced so far, and with their references."""
        targets = self._targets(all_references=all_references)
        triples = zip(self.pairs, self.chain.values, targets, strict=True)
        return [pair.prediction(value, target) for pair, value, target in triples]

    def _targets(self, *, all_references: bool) -> list[Any]:
        """Return their references; one of several of ours counts only with `all_references`."""
        return [
            pair.target
            if all_references or not is_one_of_several(pair.item.prediction, pair.target)
            else ABSENT
            for pair in self.pairs
        ]

    def _replace_references(self) -> None:
        if all(pair.target is ABSENT for pair in self.pairs):
            self.absent["reference"] = self.missing
            return
        single = self._one_reference_counts()
        targets = self._targets(all_references=single)
        differs = _mask(
            target is not ABSENT and not self._is_same(pair, target, single=single)
            for pair, target in zip(self.pairs, targets, strict=True)
        )
        detail = f"{count(int(differs.sum()), 'other reference')}"
        self.chain.replace("reference", detail, differs, targets=_where(differs, targets))

    def _is_same(self, pair: Counterpart, target: Any, *, single: bool) -> bool:
        own = pair.item.prediction
        return same_reference(own, target) and not (single and is_one_of_several(own, target))

    def _one_reference_counts(self) -> bool:
        """Return whether their scores follow from the single reference in their file.

        Their file may hold one of our several references although their metric used all of them.
        """
        several = any(is_one_of_several(p.item.prediction, p.target) for p in self.pairs)
        if not several or np.isnan(self._scores).all():
            return False
        scorer = self.chain.scorer
        single = self._reproduced(scorer, all_references=True).sum()
        return bool(single > self._reproduced(scorer).sum())

    def _replace_scores(self, name: str) -> None:
        """Replace our scores per sample by theirs."""
        if not self._scored:
            self.absent["metric"] = _NO_SCORES
            return
        replaced = with_their_scores(self.chain.measured, self.pairs)
        if replaced is None:
            fold = self.chain.measured.fold
            self.absent["metric"] = f"scores per sample do not determine the fold {fold}"
            return
        differs = self._scored_differently(self.chain.measured.each(), replaced.each())
        n = int(differs.sum())
        what = f"other score{'' if n == 1 else 's'} by {name}" if n else f"{name} is rounded"
        self.chain.replace_scores(f"{n:,} {what}" if n else what, differs, replaced)

    def _scored_differently(self, ours: Floats | None, theirs: Floats | None) -> Mask:
        if ours is None or theirs is None:
            return self.none
        return ~(reproduced(ours, theirs) | np.isnan(theirs))


def _is_parsed_differently(pair: Counterpart) -> bool:
    if pair.parsed is ABSENT or pair.answer is ABSENT:
        return False
    ours, theirs = (
        parsed_answer(pair.prediction(value, ABSENT).prediction)
        for value in (pair.answer, pair.parsed)
    )
    return not same_text(ours, theirs)


def _or_nan(score: float | None) -> float:
    return float("nan") if score is None else score


def _mask(values: Iterable[bool]) -> Mask:
    return np.fromiter(values, np.bool_)


def _where(mask: Mask, values: Sequence[Any]) -> list[Any]:
    """Return the values where a mask is true, ABSENT elsewhere."""
    return [value if chosen else ABSENT for chosen, value in zip(mask, values, strict=True)]

"""One planted cause at a time, and several together: the points are exactly the planted ones."""

from __future__ import annotations

import math
from typing import Any

import pytest
from msgspec.structs import replace

from mmbench.comparison.explain.explain import explain_results
from mmbench.comparison.explain.results import TheirResult
from mmbench.errors import UnknownName
from mmbench.types import Prediction
from tests.comparison.explain.results import explained, our_run, points, same_samples

CAT = [Prediction(str(n), "cat" if n < 6 else "dog", "cat") for n in range(10)]  # 60 %
OPTIONS = ["cat", "dog", "bird"]


def changed(samples: list[Any], at: int, **changes: Any) -> list[Any]:
    return [replace(s, **changes) if n == at else s for n, s in enumerate(samples)]


def test_equal_results_have_no_causes() -> None:
    ours = our_run("exact_match", CAT)
    found = explained(ours, same_samples(ours), 0.6)
    assert (found.ours, found.theirs, found.difference) == (0.6, 0.6, 0)
    assert (found.steps, found.divergences) == ([], [])
    assert found.absent == {"prompt": "no prompts"}


def test_samples_only_in_ours_and_only_in_theirs() -> None:
    ours = our_run("exact_match", CAT)
    samples = same_samples(ours)[1:]  # ours is right on sample 0
    extra = replace(samples[0], id="x", raw="cat", extracted="cat", reference="cat")
    found = explained(ours, [*samples, extra], 0.6)
    left, added = found.steps
    assert (left.detail, added.detail) == (
        "1 sample scored only in ours",
        "1 sample scored only in theirs",
    )
    assert (100 * left.moved, 100 * added.moved) == pytest.approx(
        (100 * (5 / 9 - 0.6), 100 * (0.6 - 5 / 9))
    )
    assert points(found) == {"samples": 0}
    assert found.unmatched == ["x"]
    assert [d.id for d in found.divergences] == ["0", "x"]


def test_samples_that_failed_in_one_of_the_results() -> None:
    failed = [*CAT[:9], Prediction("9", None, "cat", error="no image")]
    ours = our_run("exact_match", failed)  # 6 of 9
    samples = same_samples(our_run("exact_match", CAT))
    samples = changed(samples, 0, raw=None, extracted=None, error="timeout", scores={})
    found = explained(ours, samples, 5 / 9)
    assert [(s.cause, s.detail) for s in found.steps] == [
        ("samples", "1 sample scored only in ours, of which 1 failed in theirs"),
        ("samples", "1 sample scored only in theirs, of which 1 failed in one of the results"),
    ]
    assert points(found) == {"samples": pytest.approx(100 * (5 / 9 - 6 / 9))}


def test_a_failed_sample_that_they_count_as_wrong() -> None:
    ours = our_run("exact_match", CAT)
    samples = changed(same_samples(ours), 0, raw=None, extracted=None, error="timeout", scores={})
    found = explained(ours, samples, 0.5)
    assert found.steps[-1].detail == "1 sample without a score counted as wrong"
    assert points(found) == {
        "samples": pytest.approx(100 * (5 / 9 - 0.6), abs=1e-6),
        "aggregation": pytest.approx(100 * (0.5 - 5 / 9), abs=1e-6),
    }


def test_prompt_and_raw_answer() -> None:
    ours = our_run("exact_match", CAT, [f"What is in image {n}?" for n in range(10)])
    samples = same_samples(ours)
    samples = changed(samples, 0, prompt="<image>\nWhat is it?", raw="dog", extracted="dog")
    samples = changed(samples, 8, raw="cat", extracted="cat")
    samples = changed(samples, 9, raw="cat", extracted="cat")
    samples = changed(samples, 1, prompt="<image>  What is in image 1?")  # only a placeholder
    for at, score in ((0, 0.0), (8, 1.0), (9, 1.0)):
        samples = changed(samples, at, scores={"their_score": score})
    found = explained(ours, samples, 0.7)
    assert points(found) == {"prompt": -10, "raw answer": 20}
    assert [(s.cause, s.changed, s.detail) for s in found.steps] == [
        ("prompt", 1, "1 other prompt, with 1 other answer"),
        ("raw answer", 2, "2 other answers to the same prompt"),
    ]
    assert [(d.cause, d.id, d.change) for d in found.divergences] == [
        ("prompt", "0", -1),
        ("raw answer", "8", 1),
        ("raw answer", "9", 1),
    ]
    assert found.divergences[0].theirs.prompt == "<image>\nWhat is it?"


def test_extraction_from_the_same_answer() -> None:
    ours = our_run("exact_match", [Prediction("0", "It is a cat.", "cat"), *CAT[1:]])
    samples = changed(same_samples(ours), 0, extracted="cat", scores={"their_score": 1.0})
    found = explained(ours, samples, 0.6)
    assert points(found) == {"extraction": 10}
    (only,) = found.divergences
    assert (only.ours.extracted, only.theirs.extracted) == ("It is a cat.", "cat")


def choices(*texts: str) -> list[Prediction]:
    target = {"answer": "B", "options": OPTIONS}
    return [Prediction(str(n), text, target) for n, text in enumerate(texts)]


def test_extraction_of_a_choice() -> None:
    ours = our_run("choice_accuracy", choices("The answer is B.", "B", "A or B", "dog"))
    assert ours.value == 0.75
    samples = same_samples(ours)
    samples = changed(samples, 0, extracted="A", scores={"their_score": 0.0})
    samples = changed(samples, 1, extracted="B")  # as ours
    samples = changed(samples, 2, extracted="B", scores={"their_score": 1.0})
    found = explained(ours, samples, 0.75)
    assert points(found) == {"extraction": 0}
    assert [(d.id, d.ours.extracted, d.theirs.extracted) for d in found.divergences] == [
        ("0", "B", "A"),
        ("2", "", "B"),
    ]
    assert found.steps[0].changed == 2


def test_reference() -> None:
    ours = our_run("exact_match", CAT)
    samples = changed(same_samples(ours), 9, reference="dog", scores={"their_score": 1.0})
    found = explained(ours, samples, 0.7)
    assert points(found) == {"reference": 10}
    assert [(d.ours.reference, d.theirs.reference) for d in found.divergences] == [("cat", "dog")]


def test_the_reference_of_a_choice_is_a_letter_or_a_text() -> None:
    ours = our_run("choice_accuracy", choices("A", "B", "B", "B"))
    samples = changed(same_samples(ours), 0, reference="cat", scores={"their_score": 1.0})
    samples = changed(samples, 1, reference="dog")  # the text of option B
    assert points(explained(ours, samples, 1.0)) == {"reference": 25}


def test_one_of_several_references_counts_only_if_their_scores_follow_from_it() -> None:
    ours = our_run("exact_match", [Prediction(str(n), "puppy", ["dog", "puppy"]) for n in range(4)])
    samples = [replace(s, reference="dog") for s in same_samples(ours)]
    assert points(explained(ours, samples, 1.0)) == {}
    wrong = [replace(s, scores={"their_score": 0.0}) for s in samples]
    assert points(explained(ours, wrong, 0.0)) == {"reference": -100}


def test_references_as_a_printed_list() -> None:
    ours = our_run("exact_match", [Prediction(str(n), "dog", ["dog", "pup"]) for n in range(4)])
    samples = [replace(s, reference="['dog', \"pup\"]") for s in same_samples(ours)]
    assert points(explained(ours, samples, 1.0)) == {}


def test_metric_scores_the_same_answer_differently() -> None:
    ours = our_run("exact_match", CAT)
    samples = changed(same_samples(ours), 0, scores={"their_score": 0.0})
    found = explained(ours, samples, 0.5)
    assert points(found) == {"metric": -10}
    (only,) = found.divergences
    assert (only.ours.score, only.theirs.score, only.change) == (1, 0, -1)


def test_normalisation_of_exact_match_that_is_case_sensitive() -> None:
    answers = ["Cat", "cat.", "cat", "dog", "Cat"]
    ours = our_run("exact_match", [Prediction(str(n), a, "cat") for n, a in enumerate(answers)])
    scores = {str(n): float(a == "cat") for n, a in enumerate(answers)}
    found = explained(ours, same_samples(ours, scores), 0.2)
    assert points(found) == {"normalisation": -60}
    assert found.steps[0].detail == "without normalisation, which gives 5 of 5 of their scores"


HYPOTHESES = ["Hello, world!", "it is 5 o'clock", "good morning", "I do not know"]
REFERENCES = ["hello world", "it is five oclock", "good morning", "I don't know"]


def transcripts() -> list[Prediction]:
    pairs = enumerate(zip(HYPOTHESES, REFERENCES, strict=True))
    return [Prediction(str(n), said, spoken) for n, (said, spoken) in pairs]


@pytest.mark.parametrize("variant", ["wer[none]", "wer[basic]"])
def test_normalisation_of_an_error_rate(variant: str) -> None:
    ours, other = our_run("wer[whisper_en]", transcripts()), our_run(variant, transcripts())
    found = explained(ours, same_samples(other), other.value)
    assert points(found) == {
        "normalisation": pytest.approx(100 * (other.value - ours.value), abs=1e-6)
    }
    assert found.steps[0].detail == f"{variant}, which gives 4 of 4 of their scores"


@pytest.mark.parametrize("variant", ["wer[none]", "wer[basic]"])
def test_normalisation_that_gives_their_aggregated_score(variant: str) -> None:
    """lmms-eval stores no error rates per sample, only a rounded percentage over the corpus."""
    ours, other = our_run("wer[whisper_en]", transcripts()), our_run(variant, transcripts())
    samples = [replace(s, scores={}) for s in same_samples(other)]
    found = explained(ours, samples, round(100 * other.value, 2))
    assert found.steps[0].detail == f"{variant}, which gives their aggregated score"
    assert next(iter(points(found))) == "normalisation"
    assert found.points()["normalisation"] == pytest.approx(100 * (other.value - ours.value))
    assert "unexplained" not in found.points()
    found = explained(ours, samples, 77.77)
    assert points(found) == {"unexplained": pytest.approx(77.77 - 100 * ours.value, abs=1e-6)}
    assert found.absent["normalisation"] == "their file has no scores per sample"


def test_vqa_accuracy_that_always_normalises() -> None:
    people = [["yes"] * 10, ["2"] * 9 + ["two"], ["a dog"] * 10]
    answers = ["Yes", "two", "dog"]
    predictions = [
        Prediction(str(n), a, p) for n, (a, p) in enumerate(zip(answers, people, strict=True))
    ]
    ours, other = (
        our_run("vqa_accuracy[official]", predictions),
        our_run("vqa_accuracy[normalized]", predictions),
    )
    found = explained(ours, same_samples(other), other.value)
    assert points(found) == {
        "normalisation": pytest.approx(100 * (other.value - ours.value), abs=1e-6)
    }
    assert found.difference > 0


def test_mean_of_rates_instead_of_the_rate_over_the_corpus() -> None:
    predictions = [Prediction("0", "a b x", "a b c"), Prediction("1", "a x", "a b c d e f")]
    ours = our_run("wer[none]", predictions)
    assert ours.value == pytest.approx(6 / 9)
    mean = (1 / 3 + 5 / 6) / 2
    found = explained(ours, same_samples(ours), mean)
    assert points(found) == {"aggregation": pytest.approx(100 * (mean - 6 / 9), abs=1e-6)}
    assert found.steps[0].detail == "the mean over samples instead of the rate over the corpus"


def test_percentages_are_read_as_fractions_and_rounding_is_named() -> None:
    ours = our_run("exact_match", [*CAT, Prediction("10", "cat", "cat")])  # 7 of 11
    found = explained(ours, same_samples(ours), 63.64)
    assert (found.stated, found.theirs) == (63.64, pytest.approx(0.6364))
    assert points(found) == {"aggregation": pytest.approx(63.64 - 700 / 11, abs=1e-6)}
    assert found.steps[0].detail == "rounded percentage: 63.64"


def test_percentages_per_sample() -> None:
    ours = our_run("exact_match", CAT)
    samples = [
        replace(s, scores={"their_score": 100 * s.scores["their_score"]})
        for s in same_samples(ours)
    ]
    found = explained(ours, samples, 60.0)
    assert points(found) == {"aggregation": 0}
    assert found.steps[0].detail == "a percentage, read as a fraction"


def test_a_mean_over_groups() -> None:
    tags = ["a"] * 8 + ["b"] * 2
    ours = our_run(
        "exact_match", [replace(p, tags={"subject": t}) for p, t in zip(CAT, tags, strict=True)]
    )
    found = explained(ours, same_samples(ours), 0.375)  # 6 of 8 and 0 of 2
    assert points(found) == {"aggregation": -22.5}
    assert found.steps[0].detail == "the mean over 2 values of subject"


def test_our_mean_over_groups_against_their_mean_over_samples() -> None:
    tags = ["a"] * 8 + ["b"] * 2
    tagged = [replace(p, tags={"subject": t}) for p, t in zip(CAT, tags, strict=True)]
    ours = our_run("exact_match{macro:subject}", tagged)
    assert ours.value == 0.375
    plain = same_samples(our_run("exact_match", tagged))
    found = explained(ours, plain, 0.6)
    assert points(found) == {"aggregation": 22.5}
    assert found.steps[0].detail == "over all samples instead of the mean over groups"


def test_an_aggregate_that_cannot_be_recomputed_is_unexplained() -> None:
    ours = our_run("exact_match", CAT)
    found = explained(ours, same_samples(ours), 0.6213)
    assert points(found) == {"unexplained": 2.13}
    assert "does not follow" in found.steps[0].detail


def test_without_scores_per_sample_metric_and_aggregation_are_one() -> None:
    ours = our_run("exact_match", CAT)
    samples = [replace(s, scores={}) for s in same_samples(ours)]
    samples = changed(samples, 0, raw="dog", extracted="dog")
    found = explained(ours, samples, 0.45)
    assert points(found) == {"raw answer": -10, "unexplained": -5}
    assert found.absent["metric"] == "their file has no scores per sample"


def test_without_any_scores_their_value_is_computed_from_their_answers() -> None:
    ours = our_run("exact_match", CAT)
    samples = [replace(s, scores={}, extracted=None, reference=None) for s in same_samples(ours)]
    found = explained(ours, changed(samples, 9, raw="cat"))
    assert (found.theirs, found.stated) == (0.7, None)
    assert points(found) == {"raw answer": 10}
    assert {*found.absent} == {
        "prompt",
        "extraction",
        "normalisation",
        "reference",
        "metric",
        "aggregation",
    }


def test_all_causes_together() -> None:
    """Each cause moves one of 20 samples; the rest is right in both results."""
    predictions = [Prediction(str(n), "cat", "cat") for n in range(20)]
    ours = our_run("exact_match", predictions, ["What is it?"] * 20)
    samples = same_samples(ours)[1:]  # sample 0 is missing
    samples = changed(samples, 0, prompt="Which animal?", raw="dog", extracted="dog")
    samples = changed(samples, 1, raw="dog", extracted="dog")
    samples = changed(samples, 2, extracted="dog")
    samples = changed(samples, 3, reference="dog")
    for at in range(5):  # the score of the last of them is the metric's own
        samples = changed(samples, at, scores={"their_score": 0.0})
    found = explained(ours, samples, 73.7)
    each = 100 / 19
    assert points(found) == {
        "samples": 0,
        **{
            cause: pytest.approx(-each, abs=1e-6)
            for cause in ("prompt", "raw answer", "extraction", "reference", "metric")
        },
        "aggregation": pytest.approx(73.7 - 1400 / 19, abs=1e-6),
    }


def test_a_caption_metric_over_the_corpus() -> None:
    captions = ["a dog runs in the park", "two cats sleep on a bed", "a red car on the road"]
    references = [[c, f"{c} today"] for c in captions]
    said = [captions[0], "two cats on a bed", "a blue car"]
    predictions = [
        Prediction(str(n), s, r) for n, (s, r) in enumerate(zip(said, references, strict=True))
    ]
    ours = our_run("cider", predictions)
    better = [replace(p, value=c) for p, c in zip(predictions, captions, strict=True)]
    other = our_run("cider", better)
    samples = [replace(s, scores={}, extracted=None) for s in same_samples(other)]
    found = explained(ours, samples, other.value)
    assert points(found) == {
        "raw answer": pytest.approx(100 * (other.value - ours.value), abs=1e-6)
    }
    assert math.isclose(found.theirs, other.value)


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["acc_norm", "acc"], "acc"),  # only this one agrees with our metric
        (["coco_exact_match", "acc"], "coco_exact_match"),
        (["Exact-Match", "acc", "x_exact_match"], "Exact-Match"),
        (["a_exact_match", "b_exact_match"], "b_exact_match"),  # several end like it
    ],
)
def test_the_score_that_corresponds_to_ours(names: list[str], chosen: str) -> None:
    """The last name has the scores of our metric, the others have half of them."""
    ours = our_run("exact_match", CAT)
    samples = [
        replace(
            s, scores={n: s.scores["their_score"] / (1 if n == names[-1] else 2) for n in names}
        )
        for s in same_samples(ours)
    ]
    found = explained(ours, samples)
    assert found.their_metric == chosen


def test_an_aggregated_score_with_a_similar_name() -> None:
    ours = our_run("exact_match", CAT)
    samples = [replace(s, scores={}) for s in same_samples(ours)]
    scores = {"coco_Exact_Match": 0.6, "coco_acc": 0.1}
    theirs = TheirResult("theirs", "lmms-eval", samples, scores)
    assert explain_results(ours, theirs).their_metric == "coco_Exact_Match"
    with pytest.raises(UnknownName, match="coco_acc"):
        explain_results(ours, theirs, "coco_accuracy")

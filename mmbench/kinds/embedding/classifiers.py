"""The classifiers of probes: class scores of test embeddings, fitted to training embeddings.

A function takes training embeddings [m, d] float32, a mask of their labels [m, c] and test
embeddings [n, d], and returns class scores [n, c].

- Logistic regression: logits of scikit-learn's LogisticRegression, multinomial, with an L2 penalty
  of strength 1 / C and L-BFGS. If samples may have several labels, each class has a binary
  classifier. A class without a training sample gets -inf.
- Neighbours: the share of each class among the k training samples with the highest cosine, as
  KNeighborsClassifier of scikit-learn on unit vectors; or, in DINO's `eval_knn.py`, the share of
  the weights exp(cosine / 0.07).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.errors import DataError
from mmbench.kinds.embedding.options import NEIGHBOURS, C, ProbeOptions
from mmbench.kinds.embedding.scikit_learn import scikit_learn
from mmbench.search import top
from mmbench.text import count
from mmbench.types import Array, ScoreScale

Mask = NDArray[np.bool_]
Scores = NDArray[np.floating[Any]]

TEMPERATURE = 0.07
STEPS = np.logspace(6, -6, 97)  # L2 strengths of the sweep, 8 per decade, the strongest first
_COARSE = 16  # steps between the first strengths that are tried


class Fitted(NamedTuple):
    """Class scores [n, c] of the test samples, and a note on a fit without convergence, or ""."""

    scores: Scores
    note: str = ""


class Classifier(NamedTuple):
    """The classifier of a probe.

    `settings` describes it in signatures. If `unit` is true, it is fitted to unit vectors, else to
    the embeddings as the model returns them. `scale` is the scale of its scores.
    """

    settings: str
    unit: bool
    scale: ScoreScale
    fit: Callable[[Array, Mask, Array], Fitted]
    one_label: bool = False  # whether it needs exactly one label per sample


def classifier_of(options: ProbeOptions) -> Classifier:
    """Return the classifier that the options of a task name."""
    k = options.k or NEIGHBOURS.get(options.probe, 0)
    match options.probe:
        case "mieb":
            return _logistic("mieb", 1.0, 100, one_label=True)
        case "logistic":
            return _logistic("logistic", options.c, 1000)
        case "logistic-sweep":
            settings = "logistic-sweep(max_iter=1000,held-out=1/5)"
            return Classifier(settings, False, "logits", _swept, one_label=True)
        case "knn":
            return _neighbours(f"knn(k={k})", k, np.ones_like)
        case _:
            settings = f"dino-knn(k={k},temperature={TEMPERATURE})"
            return _neighbours(settings, k, lambda cosines: np.exp(cosines / TEMPERATURE))


def _logistic(name: str, c: float, max_iter: int, *, one_label: bool = False) -> Classifier:
    def fit(train: Array, labels: Mask, test: Array) -> Fitted:
        return logistic_regression(train, labels, test, c=c, max_iter=max_iter)

    settings = f"{name}(C={c:g},max_iter={max_iter})"
    return Classifier(settings, False, "logits", fit, one_label)


def logistic_regression(
    train: Array, labels: Mask, test: Array, *, c: float = C, max_iter: int = 1000
) -> Fitted:
    """Return the logits of logistic regression; -inf for a class without a training sample.

    If each sample has one label, the classifier is multinomial; otherwise each class is separate.
    """
    logits = np.full((len(test), labels.shape[1]), -np.inf, np.result_type(test, np.float32))
    if (labels.sum(axis=1) == 1).all():
        present = np.flatnonzero(labels.any(axis=0))
        several, stopped = _fit(train, labels.argmax(axis=1), test, c, max_iter)
        logits[:, present] = several if len(present) > 2 else _two_columns(several)
        return Fitted(logits, _stopped(int(stopped), 1, max_iter))
    mixed = np.flatnonzero(labels.any(axis=0) & ~labels.all(axis=0))
    unfinished = 0
    for one in mixed:
        logits[:, one], stopped = _fit(train, labels[:, one], test, c, max_iter)
        unfinished += stopped
    return Fitted(logits, _stopped(unfinished, len(mixed), max_iter))


def _fit(
    train: Array, classes: NDArray[Any], test: Array, c: float, max_iter: int
) -> tuple[Scores, bool]:
    """Return the decision function of the test samples, and whether the fit was stopped early.

    The decision function is [n] for two classes, else [n, classes].
    """
    if len(np.unique(classes)) < 2:
        raise DataError("the drawn training samples that the model could embed have one class only")
    linear_model = scikit_learn("linear_model", "a linear probe")
    model = linear_model.LogisticRegression(C=c, max_iter=max_iter)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ConvergenceWarning: a note says it
        model.fit(train, classes)
    return model.decision_function(test), bool(max(model.n_iter_) >= max_iter)


def _two_columns(logits: Scores) -> Scores:
    """Return logits [n, 2] of two classes from those of the second class [n]."""
    return np.column_stack([np.zeros_like(logits), logits])


def _stopped(times: int, fits: int, max_iter: int) -> str:
    if not times:
        return ""
    of = f" for {times} of {fits} classes" if fits > 1 else ""
    return f"logistic regression had not converged after {max_iter} iterations{of}"


def _swept(train: Array, labels: Mask, test: Array) -> Fitted:
    """Fit to all training samples with the L2 strength that is best on held-out ones."""
    strength = best_strength(train, labels)
    fitted = logistic_regression(train, labels, test, c=1 / strength)
    return fitted._replace(
        note="; ".join(filter(None, [fitted.note, f"L2 strength {strength:.3g}"]))
    )


def best_strength(train: Array, labels: Mask) -> float:
    """Return the L2 strength with the highest accuracy on held-out training samples.

    Each fifth sample of a class is held out, the last of five or fewer. The strengths are 97 values
    from 1e6 to 1e-6, as in appendix A.3 of Radford et al. 2021 (arXiv 2103.00020): first every
    16th value, then 8, 4, 2 and 1 steps around the best value so far. Of equally good strengths the
    middle one is taken. Raises DataError if no class has two samples.
    """
    held_out = _held_out(labels)
    if not held_out.any():
        raise DataError(
            "logistic-sweep holds out a training sample per class and needs two; use more shots, or"
            " probe: logistic"
        )
    own, others = ~held_out, labels[held_out].argmax(axis=1)
    tried: dict[int, float] = {}

    def accuracy(at: int) -> float:
        if at not in tried:
            fitted = logistic_regression(train[own], labels[own], train[held_out], c=1 / STEPS[at])
            tried[at] = float((fitted.scores.argmax(axis=1) == others).mean())
        return tried[at]

    def best_of(places: Sequence[int]) -> int:
        most = max(map(accuracy, places))
        equal = [at for at in places if accuracy(at) == most]
        return equal[len(equal) // 2]

    best, step = best_of(range(0, len(STEPS), _COARSE)), _COARSE // 2
    while step:
        best = best_of([at for at in (best - step, best, best + step) if 0 <= at < len(STEPS)])
        step //= 2
    return float(STEPS[best])


def _held_out(labels: Mask) -> Mask:
    """Return a mask [m] of the held-out samples: a fifth of each class, at least one of two."""
    held_out = np.zeros(len(labels), bool)
    for column in labels.T:
        rows = np.flatnonzero(column)
        if len(rows) > 1:
            held_out[rows[::-5][: max(1, len(rows) // 5)]] = True
    return held_out


def _neighbours(settings: str, k: int, weigh: Callable[[Array], Array]) -> Classifier:
    def fit(train: Array, labels: Mask, test: Array) -> Fitted:
        fewer = f"only {count(len(train), 'training sample')} for k = {k}, which all count"
        note = fewer if 0 < len(train) < k else ""
        return Fitted(neighbour_shares(train, labels, test, k, weigh), note)

    return Classifier(settings, True, "probabilities", fit)


def neighbour_shares(
    train: Array, labels: Mask, test: Array, k: int, weigh: Callable[[Array], Array]
) -> Scores:
    """Return, for each class, its share of the weights of the k nearest training samples [n, c].

    Embeddings are unit vectors, and `weigh` computes weights from cosines. If there are fewer than
    k training samples, all of them count. With several labels per sample, shares do not sum to 1.
    """
    nearest = top(test, train, min(k, len(train)))
    shares = np.zeros((len(test), labels.shape[1]))
    total = np.zeros(len(test))
    for rows in nearest.T:  # a neighbour of each test sample
        weights = weigh(np.einsum("nd,nd->n", test, train[rows]).astype(np.float64))
        shares += weights[:, None] * labels[rows]
        total += weights
    return shares / total[:, None]

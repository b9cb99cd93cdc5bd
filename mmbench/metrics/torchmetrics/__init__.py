"""A metric that computes any metric class of the package torchmetrics."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace

from mmbench.errors import DataError, Missing, SampleError
from mmbench.memory import is_out_of_memory
from mmbench.metrics.image_sets.features import set_score
from mmbench.metrics.torchmetrics.classes import (
    check_name,
    domain,
    load_class,
    parameters,
    refuse_models,
    typed_options,
)
from mmbench.metrics.torchmetrics.inputs import ImageInputs, Inputs, TextInputs
from mmbench.metrics.torchmetrics.network import no_network
from mmbench.metrics.torchmetrics.result import (
    best_end,
    direction,
    number,
    one_line,
    reason_of,
    signature,
)
from mmbench.metrics.torchmetrics.scores import ClassScores
from mmbench.protocols import declare
from mmbench.types import Prediction, Score

_INPUTS: dict[str, Callable[..., Inputs]] = {
    "text": TextInputs,
    "classification": ClassScores,
    "image": ImageInputs,
}


def check_options(name: str, options: Mapping[str, Any]) -> None:
    """Check the options for a metric class called `name`.

    Raises UnknownName for an unknown option, and SpecError for a missing or wrong one.

    Options are not checked if the class cannot be imported, or if mmbench cannot compute it.
    """
    try:
        _check_class(name)
        typed_options(name, load_class(name), options)
    except (Missing, DataError):  # the metric reports it as n/a
        return


@declare(
    unit="as in torchmetrics",
    kinds={"writing", "classification", "zero_shot", "drawing"},
    needs={"torchmetrics"},
    check_argument=check_name,
    check_options=check_options,
)
def torchmetrics(
    predictions: Sequence[Prediction], name: str, *, options: Mapping[str, Any]
) -> Score:
    """Value of a metric class of torchmetrics: `torchmetrics[BLEUScore]`, `torchmetrics[F1Score]`.

    `name` is any public metric class of the package; a task sets options of its constructor in
    `metric_options`. Samples are in the order of their ids. The inputs depend on the module:

    - `torchmetrics.text`: the texts with all references, or with the single reference if the class
      takes one.
    - `torchmetrics.classification`: the scores as the model returned them. `task`, `num_classes`
      and `num_labels` are filled in. Logits that all lie in [0, 1] become probabilities, since
      torchmetrics would treat them as such. A binary class gets the probability of the second of
      two classes.
    - `torchmetrics.image`: each generated image, with its real image if the class compares two
      images, as float32 in [0, 1]. `data_range` and `normalize` are filled in.

    mmbench adds two options: `output` selects one of several results, by name (`rougeL_fmeasure`)
    or by position in a tuple, from 0; `better` is `higher` or `lower` if torchmetrics does not
    define it. The best value is the better end of the range that torchmetrics declares for plots.
    The worst value is undefined, because an error rate can exceed the range. The whole set has one
    row, so the score has no interval and no breakdowns.

    The value is n/a, with a reason, if the inputs do not fit, torchmetrics raises an error, the
    result is not a single number, or no direction is known; also for a class that loads a model by
    a name or a path, which would be downloaded or unpickled, and for a class that downloads
    anything. Signature: the version, the class and all options that are set or filled in. Source:
    https://lightning.ai/docs/torchmetrics.
    """
    try:
        with _as_reasons(name):
            return _measured(sorted(predictions, key=lambda one: one.id), name, options)
    except DataError as error:
        reason = f"torchmetrics[{name}]: {error}"
        return set_score(math.nan, signature(name, options), reason)


@contextmanager
def _as_reasons(name: str) -> Iterator[None]:
    """Convert errors of torchmetrics within the context into Missing or DataError.

    Missing is for a missing package or file, DataError for all other errors.
    """
    try:
        yield
    except (SampleError, Missing, DataError):
        raise
    except Exception as error:  # torchmetrics raises errors of many types
        if is_out_of_memory(error):
            raise
        reason = one_line(error)
        if isinstance(error, ImportError | OSError):
            raise Missing(f"torchmetrics[{name}]: {reason}") from error
        raise DataError(reason) from error


def _measured(predictions: list[Prediction], name: str, options: Mapping[str, Any]) -> Score:
    _check_class(name)
    cls = load_class(name)
    task_options = typed_options(name, cls, options)
    if not predictions:
        raise DataError("no predictions to score")
    accepted = parameters(cls)
    own_options = {
        key: task_options.pop(key)
        for key in ("output", "better")
        if key not in accepted and key in task_options
    }
    inputs = _INPUTS[domain(name)](predictions, accepted, task_options)
    all_options = inputs.options() | task_options
    with warnings.catch_warnings(record=True) as caught, no_network():
        warnings.simplefilter("always")
        metric = cls(**all_options)
        caught.clear()  # discards a warning that the metric stores its inputs
        for batch in inputs.batches(type(metric).update):
            metric.update(*batch)
        value = number(metric.compute(), own_options.get("output"), accepted)
    better = direction(metric, own_options.get("better"))
    full_signature = signature(name, all_options | own_options, inputs.signature)
    reason = reason_of(value, [str(warning.message) for warning in caught])
    scored = set_score(value, full_signature, reason)
    return replace(scored, better=better, best=best_end(metric, better))


def _check_class(name: str) -> None:
    """Check that mmbench can compute the metric class called `name`.

    Raises DataError for a class that needs other inputs than mmbench has, and Missing for a class
    that loads a model.
    """
    refuse_models(name, load_class(name))
    if domain(name) not in _INPUTS:
        raise DataError(
            f"the class is in torchmetrics.{domain(name)}, but mmbench has inputs only for"
            f" {', '.join(_INPUTS)}"
        )

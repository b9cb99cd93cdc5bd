"""A conformance case, which compares a metric with a reference, and its result."""

from __future__ import annotations

import io
import math
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from mmbench.conformance.packages import environment, installed
from mmbench.errors import MissingExtra
from mmbench.metric_names import metric, with_options
from mmbench.types import Features, Prediction, Score

Verdict = Literal["within", "BEYOND", "skipped", "FAILED"]
DEFINITION = "definition in float64"
EXACT = 1e-9


class Skipped(Exception):
    """A signal that a case cannot run here; the message is the reason."""


class LargestDifference(NamedTuple):
    """The largest difference between metric and reference, and a description of the inputs."""

    difference: float
    inputs: str


class Case(NamedTuple):
    """A metric, its reference, and the function that compares the two.

    `reference` is the name of a function, a definition or the source of golden numbers. `package`
    is the distribution package that contains the function, or "" if there is no function. `compare`
    gets the path of the folder `data` within the published data; "" means that the case needs no
    data. `tolerance` is the largest accepted difference.
    """

    metric: str
    reference: str
    compare: Callable[[Path], LargestDifference]
    tolerance: float = EXACT
    package: str = ""
    data: str = ""


class ConformanceRow(Struct, frozen=True):
    """The result of a case. If the comparison failed, `difference` is None and `reason` says why.

    `against` is the kind of reference: a package with its version, golden numbers or a definition.
    `environment` lists the versions of Python, torch and torchvision that ran the case.
    """

    family: str
    metric: str
    against: str
    reference: str
    inputs: str
    difference: float | None
    tolerance: float
    verdict: Verdict
    reason: str = ""
    environment: str = ""

    @property
    def good(self) -> bool:
        """Whether the metric is within the tolerance or the case was skipped."""
        return self.verdict in ("within", "skipped")


def run_case(family: str, case: Case, data: Path | None) -> ConformanceRow:
    """Run a case of a metric family. `data` is the folder with the published data, or None.

    The verdict is "skipped" for a missing package or missing data, and "FAILED" for other errors.
    """

    def row(
        verdict: Verdict, reason: str = "", comparison: LargestDifference | None = None
    ) -> ConformanceRow:
        inputs, difference = (
            (comparison.inputs, float(comparison.difference)) if comparison else (case.data, None)
        )
        kind = _reference_kind(case)
        name = f"{kind} {case.reference}" if case.package else case.reference
        numbers, place = (difference, case.tolerance), environment()
        return ConformanceRow(
            family, case.metric, kind, name, inputs, *numbers, verdict, reason, place
        )

    try:
        comparison = _quietly(case.compare, _folder(case, data))
    except (Skipped, MissingExtra) as error:
        return row("skipped", str(error))
    except ImportError as error:
        ours = (error.name or "").partition(".")[0] == "mmbench"
        return row("FAILED" if ours else "skipped", str(error))
    except Exception as error:
        return row("FAILED", f"{type(error).__name__}: {error}")
    return row(
        "within" if comparison.difference <= case.tolerance else "BEYOND", comparison=comparison
    )


def _folder(case: Case, data: Path | None) -> Path:
    if case.package and installed(case.package) is None:
        raise Skipped(f"{case.package} is not installed")
    if not case.data:
        return Path()
    if data is None:
        raise Skipped(f"no data; pass --data DIR with the folder {case.data}")
    if not (data / case.data).exists():
        raise Skipped(f"no folder {case.data} in {data}; download it, or pass another --data")
    return data / case.data


def _quietly(compare: Callable[[Path], LargestDifference], folder: Path) -> LargestDifference:
    """Run a comparison and discard its output.

    The references print warnings, because some inputs are deliberately unusual.
    """
    output = io.StringIO()
    with warnings.catch_warnings(), redirect_stdout(output), redirect_stderr(output), _no_stderr():
        warnings.simplefilter("ignore")
        return compare(folder)


@contextmanager
def _no_stderr() -> Iterator[None]:
    """Discard what is written to the stderr of this process within the context.

    Subprocesses of references write to it directly.
    """
    saved = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def _reference_kind(case: Case) -> str:
    if case.package:
        return f"{case.package} {installed(case.package) or ''}".strip()
    return case.reference.partition(":")[0]


def measured(
    name: str, predictions: Sequence[Prediction], features: Sequence[Features] | None = None
) -> Score:
    """Compute the metric called `name` as a run does, and return its Score.

    `features` has the model features of each prediction, for a metric that needs features.
    """
    function, argument = metric(name)
    function = with_options(name, function, {})
    arguments = () if argument is None else (argument,)
    keywords = {} if features is None else {"features": features}
    scored: Score = function(predictions, *arguments, **keywords)
    return scored


def value(name: str, predictions: Sequence[Prediction]) -> float:
    """Return the value of the metric called `name`."""
    return measured(name, predictions).value


def max_difference(ours: ArrayLike, theirs: ArrayLike) -> float:
    """Return the largest |ours - theirs| / max(1, |theirs|).

    For large numbers, this is the relative difference. Two NaN are equal; NaN and a number differ
    by infinity. Raises ValueError if the shapes differ.
    """
    one, other = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if one.shape != other.shape:
        raise ValueError(f"shapes {one.shape} and {other.shape} differ")
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore"):
        gaps = np.where(same, 0.0, np.abs(one - other) / np.maximum(1.0, np.abs(other)))
    return float(np.nan_to_num(gaps, nan=math.inf).max(initial=0.0))

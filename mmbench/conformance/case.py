"""A metric held against a reference: the case, how it is run, and the row that comes of it."""

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
from mmbench.metric_names import metric
from mmbench.types import Features, Prediction, Score

Verdict = Literal["within", "BEYOND", "skipped", "FAILED"]
DEFINITION = "definition in float64"
EXACT = 1e-9


class Skipped(Exception):
    """A case cannot be tried here; the message says why."""


class LargestDifference(NamedTuple):
    """The largest difference that was found, and on which inputs, in words."""

    difference: float
    inputs: str


class Case(NamedTuple):
    """A metric, what it is held against, and the function that compares the two.

    `package` is the name under which the reference is installed; "" for a definition written out
    here and for a golden number, which `reference` names. `compare` takes the folder `data` of the
    data that were given, and does not look at it where `data` is "".
    """

    metric: str
    reference: str
    compare: Callable[[Path], LargestDifference]
    tolerance: float = EXACT
    package: str = ""
    data: str = ""


class ConformanceRow(Struct, frozen=True):
    """What came of a case. `difference` is None where there is none, and `reason` says why.

    `against` is the sort of reference: a package with its version, golden numbers or a definition.
    `environment` names the Python, torch and torchvision that the case ran with.
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
        """Nothing speaks against the metric."""
        return self.verdict in ("within", "skipped")


def run_case(family: str, case: Case, data: Path | None) -> ConformanceRow:
    """Run a case. What is missing here skips it; any other error is the verdict FAILED."""

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
        raise Skipped(f"needs --data with {case.data}")
    if not (data / case.data).exists():
        raise Skipped(f"{case.data} is not there")
    return data / case.data


def _quietly(compare: Callable[[Path], LargestDifference], folder: Path) -> LargestDifference:
    """References print and warn about inputs that are odd on purpose."""
    output = io.StringIO()
    with warnings.catch_warnings(), redirect_stdout(output), redirect_stderr(output), _no_stderr():
        warnings.simplefilter("ignore")
        return compare(folder)


@contextmanager
def _no_stderr() -> Iterator[None]:
    """Programs that a reference starts write past Python to the stderr of this process."""
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
    """The metric of a name, as a run would call it."""
    function, argument = metric(name)
    arguments = () if argument is None else (argument,)
    keywords = {} if features is None else {"features": features}
    scored: Score = function(predictions, *arguments, **keywords)
    return scored


def value(name: str, predictions: Sequence[Prediction]) -> float:
    """The value of the metric of a name."""
    return measured(name, predictions).value


def max_difference(ours: ArrayLike, theirs: ArrayLike) -> float:
    """The largest of |ours - theirs| / max(1, |theirs|): relative where numbers are large.

    Two NaN are equal, and one is infinitely far from a number. Shapes must be equal.
    """
    one, other = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if one.shape != other.shape:
        raise ValueError(f"shapes {one.shape} and {other.shape} differ")
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore"):
        gaps = np.where(same, 0.0, np.abs(one - other) / np.maximum(1.0, np.abs(other)))
    return float(np.nan_to_num(gaps, nan=math.inf).max(initial=0.0))

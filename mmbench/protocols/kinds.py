"""The interface of task kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol, TypeVar

from mmbench.protocols.datasets import Dataset
from mmbench.types import (
    GeneratedOutputs,
    KindOptions,
    Modality,
    Outputs,
    Predictions,
    Requests,
    TaskSpec,
    VectorOutputs,
)

D_contra = TypeVar("D_contra", bound=Dataset, contravariant=True)

# What a model answered, by the name of its requests; `mmbench.kinds` has `generated` and `vectors`
# to read GeneratedOutputs and VectorOutputs.
Responses = Mapping[str, VectorOutputs | GeneratedOutputs]


class Needs(NamedTuple):
    """The ability and the media that a task needs of a model.

    `ability` is a protocol of `mmbench.protocols`; every request holds all media of `together`.
    """

    ability: type
    together: frozenset[Modality] = frozenset()


class Kind(Protocol[D_contra]):
    """One task of a kind: what a model is asked, and what becomes of its answers.

    `mmbench.kinds.PerSample` is a base class for kinds in which each sample gets one answer: see
    "A kind" in docs/plugins.md.

    The four properties are attributes of the class.
    """

    @property
    def Options(self) -> type[KindOptions]:
        """Return the kind's own keys of a task file, with types and defaults."""
        ...

    @property
    def dataset(self) -> type:
        """Return the type of data that it takes."""
        ...

    @property
    def baselines(self) -> tuple[str, ...]:
        """Return names of predictions without a model: `oracle`, others that ignore the input."""
        ...

    @property
    def no_answer(self) -> str | None:
        """Return the value of an output that holds no answer; None: the sample fails."""
        ...

    def __init__(self, task: TaskSpec, /) -> None:
        """Take a task. Raises SpecError for one that this kind cannot run."""
        ...

    def directions(self) -> list[str]:
        """Return the names of the directions that are scored apart; one empty name for one."""
        ...

    def needs(self) -> Needs | None:
        """Return what a model must be able to do; None if only outputs are scored."""
        ...

    def check(self, data: D_contra, /) -> None:
        """Refuse data that this task's options do not fit. Raises UserError."""
        ...

    def requests(self, data: D_contra, seed: int, /) -> dict[str, Requests]:
        """Return what a model is asked, by name. Raises DataError.

        The images and sounds that answer requests with the name of a role of the data, one for each
        sample, are kept by `--media`.
        """
        ...

    def failures(self, data: D_contra, responses: Responses, /) -> list[tuple[str, str]]:
        """Return id and reason of each sample that failed of itself."""
        ...

    def predictions(self, data: D_contra, responses: Responses, /) -> Predictions:
        """Return a model's answers with the references."""
        ...

    def accept(self, data: D_contra, outputs: Outputs, /) -> Predictions:
        """Return outputs of another program, which match the data, with the references.

        Raises DataError, naming the sample, for an output that is not of this kind.
        """
        ...

    def baseline(self, name: str, data: D_contra, seed: int, /) -> Predictions:
        """Return the predictions of one of `baselines`."""
        ...

    def signature(self, data: D_contra, /) -> str:
        """Return what the options add to the signature of every score: `index=exact`."""
        ...

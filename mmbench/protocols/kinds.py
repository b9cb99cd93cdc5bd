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

# The outputs of a model by the name of the requests; `generated` and `vectors` of `mmbench.kinds`
# return those of one name.
Responses = Mapping[str, VectorOutputs | GeneratedOutputs]


class Needs(NamedTuple):
    """The ability and the modalities that a task needs of a model.

    `ability` is a protocol of `mmbench.protocols`. Each request contains all modalities of
    `together`.
    """

    ability: type
    together: frozenset[Modality] = frozenset()


class Kind(Protocol[D_contra]):
    """One task of a kind: the requests to a model, and the predictions from its outputs.

    `mmbench.kinds.PerSample` is a base class for kinds in which each sample gets one answer: see
    "A kind" in docs/plugins.md.

    The four properties are attributes of the class.
    """

    @property
    def Options(self) -> type[KindOptions]:
        """Return the type of the kind's own keys of a task file, with defaults."""
        ...

    @property
    def dataset(self) -> type:
        """Return the type of the data."""
        ...

    @property
    def baselines(self) -> tuple[str, ...]:
        """Return the names of the baselines: `oracle`, and others that ignore the input."""
        ...

    @property
    def no_answer(self) -> str | None:
        """Return the value of an output without an answer; None makes the sample fail."""
        ...

    def __init__(self, task: TaskSpec, /) -> None:
        """Take a task. Raises SpecError for a task that this kind cannot run."""
        ...

    def directions(self) -> list[str]:
        """Return the names of separately scored directions; [""] for a single direction."""
        ...

    def needs(self) -> Needs | None:
        """Return the task's requirements for a model; None if only outputs are scored."""
        ...

    def check(self, data: D_contra, /) -> None:
        """Reject data that do not fit the options of the task. Raises UserError."""
        ...

    def requests(self, data: D_contra, seed: int, /) -> dict[str, Requests]:
        """Return the requests to a model by name. Raises DataError.

        `--media` saves the images and sounds of requests with the name of a role of the data, which
        have one item per sample.
        """
        ...

    def failures(self, data: D_contra, responses: Responses, /) -> list[tuple[str, str]]:
        """Return the id and the reason of each failed sample."""
        ...

    def predictions(self, data: D_contra, responses: Responses, /) -> Predictions:
        """Return predictions: the outputs of a model with their references."""
        ...

    def accept(self, data: D_contra, outputs: Outputs, /) -> Predictions:
        """Return predictions from outputs of another program that match the data.

        Raises DataError, naming the sample, for an output that does not fit this kind.
        """
        ...

    def baseline(self, name: str, data: D_contra, seed: int, /) -> Predictions:
        """Return the predictions of one of `baselines`."""
        ...

    def signature(self, data: D_contra, /) -> str:
        """Return the part that the options add to the signature of scores: `index=exact`."""
        ...

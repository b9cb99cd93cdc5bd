"""The interface of task kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

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

# A model's outputs by the name of the requests; `generated` and `vectors` of `mmbench.kinds`
# return the outputs of one name.
Responses = Mapping[str, VectorOutputs | GeneratedOutputs]


class Needs(NamedTuple):
    """The ability and the modalities that a task requires of a model.

    `ability` is a protocol of `mmbench.protocols`. A model must accept all of the modalities in
    `together`, for example because they occur together in each request.
    """

    ability: type
    together: frozenset[Modality] = frozenset()


class Kind(Protocol[D_contra]):
    """A kind, applied to one task: it creates requests to a model and predictions from its outputs.

    `mmbench.kinds.PerSample` is a base class for kinds in which each sample gets one answer: see "A
    kind" in docs/plugins.md.

    The four properties are class attributes.
    """

    @property
    def Options(self) -> type[KindOptions]:
        """Return the type of the options that this kind adds to task files."""
        ...

    @property
    def dataset(self) -> type:
        """Return the type of the data set."""
        ...

    @property
    def baselines(self) -> tuple[str, ...]:
        """Return the names of the baselines: `oracle`, and baselines that ignore the input."""
        ...

    @property
    def no_answer(self) -> str | None:
        """Return the prediction for an output without an answer; if it is None, such a sample
        fails.
        """
        ...

    def __init__(self, task: TaskSpec, /) -> None:
        """Keep the task. Raises SpecError for a task that this kind cannot run."""
        ...

    def directions(self) -> list[str]:
        """Return the names of the separately scored directions; [""] for a single direction."""
        ...

    def needs(self) -> Needs | None:
        """Return what the task requires of a model; None if the kind only scores stored outputs."""
        ...

    def check(self, data: D_contra, /) -> None:
        """Raise UserError if the data do not fit the options of the task."""
        ...

    def requests(self, data: D_contra, seed: int, /) -> dict[str, Requests]:
        """Return the requests to a model by name. Raises DataError for unusable data.

        If requests have the name of a role of the data and one item per sample, `--media` saves the
        images and audio that the model generates for them.
        """
        ...

    def failures(self, data: D_contra, responses: Responses, /) -> list[tuple[str, str]]:
        """Return the id and the reason of each failed sample."""
        ...

    def predictions(self, data: D_contra, responses: Responses, /) -> Predictions:
        """Return predictions: the outputs of a model with their references."""
        ...

    def accept(self, data: D_contra, outputs: Outputs, /) -> Predictions:
        """Return predictions from outputs of another program; their ids match the ids of the data.

        Raises DataError, with the id of the sample, for an output that does not fit this kind.
        """
        ...

    def baseline(self, name: str, data: D_contra, seed: int, /) -> Predictions:
        """Return the predictions of the baseline `name`, one of `baselines`."""
        ...

    def signature(self, data: D_contra, /) -> str:
        """Return the part of the scores' signatures that depends on the options, such as
        `index=exact`.
        """
        ...


@runtime_checkable
class ScoresParts(Protocol[D_contra]):
    """A Kind that may evaluate a model on a part of the test samples.

    A part gives the same predictions for its samples as the whole data. `mmbench.kinds.PerSample`
    has this method.
    """

    def needs_all(self, data: D_contra, /) -> str:
        """Return why the task needs all test samples; "" if a part of them can be evaluated."""
        ...

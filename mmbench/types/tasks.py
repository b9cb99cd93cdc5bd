"""The contents of a task file."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, TypeVar

from msgspec import Struct, field


class Published(Struct, frozen=True, forbid_unknown_fields=True):
    """Published scores of a model (a hub id), with their source."""

    model: str
    scores: dict[str, float]
    source: str
    tolerance: float = 0.002


class Views(Struct, frozen=True, forbid_unknown_fields=True):
    """The number of clips in time, and of crops in space, into which a video is split.

    Its probabilities are the mean over the views, or the maximum per class (`max`), as is usual for
    several labels: DATA.ENSEMBLE_METHOD of facebookresearch/SlowFast.
    """

    clips: int = 1
    crops: int = 1
    combine: Literal["mean", "max"] = "mean"


class KindOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """The options of a task kind, which are top-level keys of task files.

    A subclass has a field with a default for each option. Options are part of the task's
    fingerprint, except `settings`: they change only how scores are computed, are part of the
    signature of the scores, and can be set by a flag of the same name.
    """

    settings: ClassVar[frozenset[str]] = frozenset()


OptionsT = TypeVar("OptionsT", bound=KindOptions)


class TaskSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The contents of a task file.

    `data` names a source, its options, and the `folder` of the data under $MMBENCH_DATA. `fields`
    says which input is the query and which the document. `options` are the options of the kind,
    top-level keys of the file. `protocol` holds the sizes of the protocol (query, corpus; sample)
    and the number of `splits` that are searched separately. `breakdowns` are tags: every metric is
    also reported for each of their values. `metric_options` holds the options of metrics by their
    names in `metrics`.
    """

    name: str
    kind: str
    data: dict[str, Any]
    fields: dict[str, str]
    metrics: list[str]
    headline: str
    version: int = 1
    summary: str = ""
    licence: str = ""
    homepage: str = ""
    citation: str = ""
    options: KindOptions = KindOptions()
    protocol: dict[str, int] = field(default_factory=dict)
    breakdowns: list[str] = field(default_factory=list)
    metric_options: dict[str, dict[str, Any]] = field(default_factory=dict)
    published: list[Published] = field(default_factory=list)

    def options_of(self, kind: type[OptionsT]) -> OptionsT:
        """Return the options as the type of a kind; its defaults for a task without options.

        Raises TypeError for options of another kind.
        """
        if type(self.options) is KindOptions:
            return kind()
        if not isinstance(self.options, kind):
            raise TypeError(f"task {self.name}: {type(self.options)} are not {kind}")
        return self.options

"""What a task file says."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, TypeVar

from msgspec import Struct, field


class Published(Struct, frozen=True, forbid_unknown_fields=True):
    """Scores that somebody published for a model (a hub id), with where they can be read."""

    model: str
    scores: dict[str, float]
    source: str
    tolerance: float = 0.002


class Views(Struct, frozen=True, forbid_unknown_fields=True):
    """How many clips in time, and crops in space, of a video are looked at.

    Its probabilities are the mean over the views, or of each class the highest (`max`), as is usual
    for several labels: DATA.ENSEMBLE_METHOD of facebookresearch/SlowFast.
    """

    clips: int = 1
    crops: int = 1
    combine: Literal["mean", "max"] = "mean"


class KindOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """The options of a task kind, which task files hold as keys of their own.

    A subclass has a field, with a default, for each. What is asked is part of the task's
    fingerprint; `settings` names the options that say only how it is computed, which are part of
    the signature of the scores and can be changed by a flag of the same name.
    """

    settings: ClassVar[frozenset[str]] = frozenset()


OptionsT = TypeVar("OptionsT", bound=KindOptions)


class TaskSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """What a task file says and no more.

    `data` names a source and its options, and the `folder` under $MMBENCH_DATA where it is looked
    for; `fields` says which input is the query and which the document; `options` are those of the
    kind, flat keys of the file; `protocol` holds the sizes of the protocol (query, corpus; sample)
    and the number of `splits` that are searched apart; `breakdowns` are tags of the samples by
    whose values every metric is shown as well; `metric_options` are options of metrics, by the
    names that these have in `metrics`.
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
        """Return the options as those of a kind, its defaults for a task made without any.

        Raises TypeError for options of another kind.
        """
        if type(self.options) is KindOptions:
            return kind()
        if not isinstance(self.options, kind):
            raise TypeError(f"task {self.name}: {type(self.options)} are not {kind}")
        return self.options

"""The contents of a task file."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, TypeVar

from msgspec import Struct, field


class Published(Struct, frozen=True, forbid_unknown_fields=True):
    """Published scores of one model, with their source. `model` is a hub id.

    A measured score reproduces a published one if the absolute difference is at most `tolerance`.
    `differs` says which settings of the source differ from the task; the scores are then shown but
    not compared.
    """

    model: str
    scores: dict[str, float]
    source: str
    tolerance: float = 0.002
    differs: str = ""


class Views(Struct, frozen=True, forbid_unknown_fields=True):
    """The number of temporal clips and of spatial crops into which a video is split.

    The class probabilities of a video are the mean over its views, or the maximum per class
    (`max`), which is usual for multi-label tasks: DATA.ENSEMBLE_METHOD of
    facebookresearch/SlowFast.
    """

    clips: int = 1
    crops: int = 1
    combine: Literal["mean", "max"] = "mean"


class KindOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """The options of a task kind, which are top-level keys of task files.

    A subclass has a field with a default for each option. Options are part of the task's
    fingerprint, except those named in `settings`. Settings change only how scores are computed:
    they are part of the scores' signatures, and flags with the same names set them.
    """

    settings: ClassVar[frozenset[str]] = frozenset()


OptionsT = TypeVar("OptionsT", bound=KindOptions)


class TaskSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The contents of a task file.

    `data` holds the name of a data source, its options, and the `folder` of the data under
    $MMBENCH_DATA. `fields` maps the inputs that the kind uses (query and corpus; image and
    question) to fields of the samples. `options` are the options of the task's kind, which are
    top-level keys of the file. `protocol` holds the number of samples by role (query, corpus;
    sample) and the number of `splits` that are searched separately. `breakdowns` are names of tags:
    every metric is also reported for each value of these tags. `metric_options` holds the options
    of metrics by their names in `metrics`. `perturb` is a perturbation of the inputs, such as
    `noise:3`.
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
    perturb: str = ""
    published: list[Published] = field(default_factory=list)

    def options_of(self, kind: type[OptionsT]) -> OptionsT:
        """Return the options as an instance of the kind's options type `kind`.

        For a task without options, return the defaults. Raises TypeError for options of another
        kind.
        """
        if type(self.options) is KindOptions:
            return kind()
        if not isinstance(self.options, kind):
            raise TypeError(
                f"task {self.name}: options are {type(self.options).__name__}, not {kind.__name__}"
            )
        return self.options

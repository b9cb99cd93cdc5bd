"""Classification: scores of all classes, or a label, for each sample."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mmbench.abilities import Classifies
from mmbench.errors import DataError, UnknownName
from mmbench.kinds.class_check import check_classes
from mmbench.kinds.per_sample import (
    PerSample,
    chance,
    check_medium,
    medium_of,
    modality_in,
)
from mmbench.text import listed
from mmbench.types import (
    Answers,
    Broken,
    Content,
    Media,
    Outputs,
    Requests,
    Sample,
    Samples,
    TaskSpec,
    View,
    Views,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mmbench.types import Array


class Classification(PerSample):
    """The kind `classification`. A value is scores [c] float32 by class, or a class's number.

    A model's classes are matched with the data's by name. Its logits become probabilities (by
    softmax where one label is right, by the logistic function where several may be), and these are
    averaged over the views of a video, or their maximum is taken, as the task says: the order that
    SlowFast has (Feichtenhofer et al. 2019, arXiv 1812.03982, section 4).
    """

    ability: type = Classifies
    baselines = ("oracle", "constant", "random")

    def check(self, spec: TaskSpec, index: str = "exact") -> None:
        """Refuse an index, and fields that are not one medium. Raises SpecError."""
        super().check(spec, index)
        if spec.fields:  # outputs are scored without a medium
            check_medium(spec)

    def requests(self, spec: TaskSpec, data: Samples, seed: int) -> dict[str, Requests]:
        """Every view of every sample."""
        check_medium(spec)
        check_classes(data, spec)
        looks = [look for s in data.samples for look in _looks(medium_of(spec, s), spec.views)]
        return {"sample": Requests(looks, modality_in(spec, data), method="classify")}

    def signature(self, index: str, spec: TaskSpec, data: Samples) -> str:
        """The number of views of a video, and what becomes of them."""
        if next(iter(spec.fields), "") != "video":
            return ""
        return f"views={spec.views.clips}x{spec.views.crops}:{spec.views.combine}"

    def failures(self, data: Samples, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Id and reason of each sample of which a view failed."""
        found: Answers = answers["sample"]
        views = _per_sample(found, data)
        reasons = {row // views: why for row, why in sorted(found.failures.items(), reverse=True)}
        return [(data.samples[row].id, why) for row, why in sorted(reasons.items())]

    def said(self, spec: TaskSpec, data: Samples, answers: Mapping[str, Any]) -> list[Any]:
        """Probabilities [c] float32 of each sample, in the order of the data's labels."""
        found: Answers = answers["sample"]
        failed = dict(self.failures(data, answers))
        where = f"task {spec.name}: the model"
        columns = _columns(tuple(found.labels), tuple(data.labels), where)
        scores = _probabilities(found.vectors[:, columns], several=_several(data))
        views = scores.reshape(len(data.samples), -1, len(columns))
        together = views.max(axis=1) if spec.views.combine == "max" else views.mean(axis=1)
        return [
            Broken(failed[sample.id]) if sample.id in failed else row
            for sample, row in zip(data.samples, together, strict=True)
        ]

    def value(
        self, spec: TaskSpec, sample: Sample, given: Any, data: Samples, outputs: Outputs
    ) -> Any:
        """Scores in the order of the data's labels. A label is matched by its name.

        Raises UnknownName for a label that the data do not have, DataError for missing scores.
        """
        import numpy as np

        where = f"task {spec.name}: the output for {sample.id}"
        if isinstance(given, dict):
            order = _order(tuple(given), data.labels, where)
            return np.fromiter(given.values(), np.float32, len(given))[order]
        if isinstance(given, list | np.ndarray):
            scores = np.asarray(given, np.float32)
            names = outputs.labels or data.labels
            if scores.shape != (len(names),):
                raise DataError(f"{where} has shape {scores.shape} for {len(names)} labels")
            return scores[_order(tuple(names), data.labels, where)]
        name = str(given)
        if name not in data.labels:
            raise UnknownName(f"label ({where})", name, data.labels)
        return data.labels.index(name)

    def blind(self, who: str, data: Samples, seed: int) -> list[Array]:
        """The right labels at 1 and the rest at 0; all labels equal; or chance by the id's hash."""
        import numpy as np

        check_classes(data)
        size = len(data.labels)
        if who == "constant":
            return [np.zeros(size, np.float32)] * len(data.samples)
        if who == "random":
            draws = [np.random.default_rng(chance(seed, s.id)) for s in data.samples]
            return [draw.random(size, np.float32) for draw in draws]
        right = np.zeros((len(data.samples), size), np.float32)
        for row, sample in enumerate(data.samples):
            right[row, sample.target] = 1
        return list(right)


def _order(given: tuple[str, ...], labels: list[str], where: str) -> NDArray[np.intp]:
    """Where each label stands among those given [c].

    Raises UnknownName for a label that the data do not have, DataError for one without a score.
    """
    order = _places(given, tuple(labels))
    if order is not None:
        return order
    for name in sorted(set(given) - set(labels)):
        raise UnknownName(f"label ({where})", name, labels)
    missing = [name for name in labels if name not in given]
    raise DataError(f"{where} has no score for {missing[0]!r} ({len(missing)} labels missing)")


@lru_cache(maxsize=8)  # every sample has the same labels, in the same order
def _places(given: tuple[str, ...], labels: tuple[str, ...]) -> NDArray[np.intp] | None:
    import numpy as np

    place = {name: row for row, name in enumerate(given)}
    same = place.keys() == set(labels)
    return np.array([place[name] for name in labels], np.intp) if same else None


def _looks(medium: Content, views: Views) -> list[Content | View]:
    """The views of a video; anything else, and a video looked at once, as it is."""
    if (
        not isinstance(medium, Media)
        or medium.modality != "video"
        or views.clips * views.crops == 1
    ):
        return [medium] * (views.clips * views.crops)
    return [
        View(medium, clip, views.clips, crop, views.crops)
        for clip in range(views.clips)
        for crop in range(views.crops)
    ]


def _per_sample(found: Answers, data: Samples) -> int:
    return max(1, len(found.vectors) // max(1, len(data.samples)))


def _several(data: Samples) -> bool:
    """Whether a sample may have several labels."""
    return any(isinstance(sample.target, list) for sample in data.samples)


def _columns(given: tuple[str, ...], wanted: tuple[str, ...], where: str) -> NDArray[np.intp]:
    """Where each label of the data stands among the model's. Raises DataError for one it lacks.

    Names are the same but for case, underscores and hyphens: `Playing_guitar`, `playing guitar`.
    """
    import numpy as np

    place: dict[str, int] = {}
    for row, name in enumerate(given):
        place.setdefault(_plain(name), row)
    missing = [name for name in wanted if _plain(name) not in place]
    if missing:
        raise DataError(
            f"{where} has no class for {listed(missing)}; its classes are {listed(list(given))}"
        )
    return np.array([place[_plain(name)] for name in wanted], np.intp)


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


def _probabilities(logits: Array, *, several: bool) -> Array:
    """Logits [n, c] to probabilities, in float64 on the way."""
    import numpy as np

    wide = logits.astype(np.float64)
    if several:
        return np.asarray(0.5 * (1 + np.tanh(wide / 2)), np.float32)
    powers = np.exp(wide - wide.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)

"""Classification: scores of all classes, or a label, for each sample."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mmbench.errors import DataError, UnknownName
from mmbench.kinds.per_sample import PerSample, chance
from mmbench.types import Outputs, Sample, Samples, TaskSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mmbench.types import Array


class Classification(PerSample):
    """The kind `classification`. A value is scores [c] float32 by class, or a class's number."""

    baselines = ("oracle", "constant", "random")

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

"""CHAIR: the objects in captions of COCO images that are not in the images."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from mmbench.errors import DataError, Missing
from mmbench.metrics.captions.chair.objects import OBJECTS
from mmbench.metrics.captions.chair.words import mentioned
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Prediction, Score

TAG = "objects"  # of a sample: its annotated objects, as "cat, dining table"
_SIGNATURE = "objects=instances+references,singular=pattern.en"
_declared = partial(declare, unit="fraction", worst=1, best=0, better="lower", kinds={"writing"})


class _Counted(NamedTuple):
    """The objects that a caption mentions, with repetitions, and the objects in its image."""

    mentions: tuple[str, ...]
    present: frozenset[str]

    @property
    def hallucinated(self) -> list[str]:
        return [name for name in self.mentions if name not in self.present]


@_declared()
def chair_i(predictions: Sequence[Prediction]) -> Score:
    """CHAIR_i: the share of mentioned objects that are not in the image, over the corpus.

    The objects are the 80 categories of COCO, and each mention counts. An object is in the image if
    it is annotated (the tag `objects` of the sample, from instances_*.json) or mentioned in a
    reference caption. Range [0, 1], lower is better. Rows: [hallucinated mentions, mentions].
    Details: the hallucinated objects of each caption. NaN, with a reason, if no caption mentions an
    object. A short caption hallucinates less: read `chair_recall` next to it. Raises Missing
    without annotated objects, and DataError for an object that is not COCO's.
    Source: Rohrbach et al. 2018, arXiv 1809.02156; LisaAnne/Hallucination utils/chair.py (6e4d33c).
    """
    counted = _counted("chair_i", predictions)
    rows = [(len(one.hallucinated), len(one.mentions)) for one in counted]
    none = counted and not any(mentions for _, mentions in rows)
    return score(
        np.array(rows, np.float64).reshape(-1, 2),
        fold_name="ratio",
        signature=_SIGNATURE,
        reason="no caption mentions an object of COCO" if none else "",
        details=_details(counted),
    )


@_declared()
def chair_s(predictions: Sequence[Prediction]) -> Score:
    """CHAIR_s: the share of captions that mention an object that is not in the image.

    Objects, details and errors are those of `chair_i`. Range [0, 1], lower is better. Rows: 1 for a
    caption with such an object, else 0. Source: as for `chair_i`.
    """
    counted = _counted("chair_s", predictions)
    rows = [bool(one.hallucinated) for one in counted]
    return score(rows, signature=_SIGNATURE, details=_details(counted))


@_declared(better="higher", worst=0, best=1)
def chair_recall(predictions: Sequence[Prediction]) -> Score:
    """Recall of CHAIR: the share of the objects in the images that the captions mention.

    Objects and errors are those of `chair_i`; an object counts once for each image. Numerator and
    denominator are summed over the corpus. Range [0, 1], higher is better. Rows: [mentioned
    objects, objects in the image]. The paper does not have it; later code adds it.
    Source: Maxlinn/CHAIR-metric-standalone chair.py, `Recall` (471eb75).
    """
    counted = _counted("chair_recall", predictions)
    rows = [(len(one.present.intersection(one.mentions)), len(one.present)) for one in counted]
    none = counted and not any(present for _, present in rows)
    return score(
        np.array(rows, np.float64).reshape(-1, 2),
        fold_name="ratio",
        signature=_SIGNATURE,
        reason="no image has an object of COCO" if none else "",
    )


def _counted(metric: str, predictions: Sequence[Prediction]) -> list[_Counted]:
    counted = []
    for prediction in predictions:
        references = (name for text in prediction.target or () for name in mentioned(text))
        present = frozenset((*_annotated(metric, prediction), *references))
        counted.append(_Counted(mentioned(str(prediction.value)), present))
    return counted


def _annotated(metric: str, prediction: Prediction) -> list[str]:
    if TAG not in prediction.tags:
        raise Missing(
            f"{metric} needs the annotated objects of each image (tag `{TAG}`): put COCO's"
            " instances_*.json next to the captions, or in `annotations`"
        )
    names = [name for name in prediction.tags[TAG].split(", ") if name]
    unknown = [name for name in names if OBJECTS.get(name) != name]
    if unknown:
        raise DataError(
            f"sample {prediction.id!r}: {unknown[0]!r} in the tag `{TAG}` is not a category of"
            " COCO; give names as in instances_val2014.json"
        )
    return names


def _details(counted: Sequence[_Counted]) -> dict[str, list[str]]:
    return {"hallucinated": [", ".join(one.hallucinated) for one in counted]}

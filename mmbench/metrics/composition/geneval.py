"""The metric `geneval@DETECTOR`: the share of generated images with what their prompts name.

It is GenEval's scorer with another detector: the official results are those of mmdet's Mask2Former
(mask2former_swin-s-p4-w7-224_lsj_8x2_50e_coco), whose weights transformers cannot load.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from mmbench.metrics.composition import colors, rules
from mmbench.metrics.composition.classes import COCO, PROMPT_NAMES
from mmbench.metrics.composition.positions import POSITIONS, THRESHOLD
from mmbench.metrics.composition.rules import Clause, Objects, Requirements
from mmbench.metrics.image_sets.features import IMAGE
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import (
    Content,
    FeatureRequest,
    Features,
    InvalidContent,
    Media,
    Prediction,
    Score,
)

_SIGNATURE = f"{rules.RULES},position={THRESHOLD},{colors.RULES}"


def _requirements(prediction: Prediction) -> Requirements | InvalidContent:
    """Return the requirements of a prediction's prompt, from its input `requirements`."""
    text = prediction.inputs.get("requirements")
    if not isinstance(text, str):
        return InvalidContent("no requirements of the prompt; use the data source geneval")
    try:
        parsed = msgspec.json.decode(text, type=Requirements)
    except msgspec.DecodeError as error:
        return InvalidContent(f"the requirements of the prompt are not valid: {error}")
    faults = (_fault(c, at) for at, c in enumerate([*parsed.include, *parsed.exclude]))
    fault = next(filter(None, faults), "")
    return InvalidContent(fault) if fault else parsed


def _fault(clause: Clause, at: int) -> str:
    if clause.name not in PROMPT_NAMES.values():
        return f"the class {clause.name!r} is not one of the 80 classes of COCO"
    if clause.count < 1:
        return f"the count of {clause.name!r} is {clause.count}; give 1 or more"
    if clause.color is not None and clause.color not in colors.COLORS:
        return f"the color {clause.color!r} is not one of {', '.join(colors.COLORS)}"
    if clause.position is not None:
        position, target = clause.position
        if position not in POSITIONS or not 0 <= target < at:
            return f"the position of {clause.name!r} is {position!r} of clause {target}"
    return ""


def _image(prediction: Prediction) -> dict[str, list[Content]]:
    image, requirements = prediction.value, _requirements(prediction)
    if isinstance(requirements, InvalidContent):
        return {"objects": [requirements]}
    if not (isinstance(image, Media) and image.modality == "image"):
        return {"objects": [InvalidContent("the output is not an image")]}
    return {"objects": [image]}


def _objects(requirements: Requirements, features: Features) -> Objects:
    return rules.confident_objects(features["objects"][0], PROMPT_NAMES, requirements.tag)


def _colored(requirements: Requirements, objects: Objects) -> list[tuple[int, Clause]]:
    """Return the index of each clause with a colour and enough objects, and the clause."""
    return [
        (at, clause)
        for at, clause in enumerate(requirements.include)
        if clause.color is not None and rules.chosen(clause, objects)
    ]


def _crops(prediction: Prediction, features: Features) -> dict[str, list[Any]]:
    """Return the crops whose colour matters, and the texts about each of their classes."""
    requirements = _requirements(prediction)
    assert isinstance(requirements, Requirements)  # the first request has checked it
    objects = _objects(requirements, features)
    clauses = [clause for _, clause in _colored(requirements, objects)]
    found = [one for clause in clauses for one in rules.chosen(clause, objects)]
    texts = [text for clause in clauses for text in colors.color_texts(clause.name)]
    return {"crop": [colors.crop(prediction.value, one) for one in found], "color": texts}


_COLORS = FeatureRequest(
    contents=_crops,
    modalities={"crop": IMAGE, "color": ("text", "query")},
    model="clip@openai/clip-vit-large-patch14",
    uses_features=True,
)


@declare(
    unit="fraction",
    better="higher",
    worst=0,
    best=1,
    kinds={"drawing"},
    wants=FeatureRequest(
        contents=_image,
        modalities={"objects": IMAGE},
        method="detect",
        labels=COCO,
        variants={"mask2former": ("segmenter@facebook/mask2former-swin-small-coco-instance", {})},
        then=_COLORS,
    ),
)
def geneval(
    predictions: Sequence[Prediction],
    argument: str,  # noqa: ARG001
    *,
    features: Sequence[Features],
) -> Score:
    """Share of generated images with the objects, counts, colours and positions of their prompts.

    The argument is the object detector: `geneval@segmenter@FOLDER`, or `geneval@detector@FOLDER`
    for one without masks, whose crops show the background of the box. A second model, after a
    comma, classifies colours: `geneval@segmenter@FOLDER,clip@FOLDER`; the default is CLIP ViT-L/14.
    The rules are those of GenEval: confidence above 0.3 (0.9 for counting), at most 16 objects of a
    class, offsets of centres shortened by 0.1 of the sizes, ten colours by CLIP on crops with the
    background #999. The official overall score is the mean over tags, `{macro:tag}`. Official
    numbers need mmdet's Mask2Former, so values here are only comparable with values of the same
    detector. Range [0, 1], higher is better. Features: `objects`, a list of Detections; `crop` and
    `color`, embeddings [k, d] and [30 c, d] of k objects in c clauses. Rows are 1 or 0; the detail
    `reason` says what is wrong.
    Source: Ghosh et al. 2023, arXiv 2310.11513; djghosh13/geneval evaluate_images.py.
    """
    reasons = [_reasons(p, one) for p, one in zip(predictions, features, strict=True)]
    return score(
        [float(not own) for own in reasons],
        signature=_SIGNATURE,
        details={"reason": ["; ".join(own) for own in reasons]},
    )


def _reasons(prediction: Prediction, features: Features) -> list[str]:
    """Return what is wrong in an image; an empty list if it is right."""
    requirements = _requirements(prediction)
    assert isinstance(requirements, Requirements)
    objects = _objects(requirements, features)
    found: dict[int, list[str]] = {}
    crops, texts = features["crop"], features["color"]
    for at, clause in _colored(requirements, objects):
        n = len(colors.color_texts(clause.name))
        found[at] = colors.colors_of(crops[: clause.count], texts[:n])
        crops, texts = crops[clause.count :], texts[n:]
    return rules.violations(requirements, objects, found)

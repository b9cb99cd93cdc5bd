"""The values that flow through mmbench.

Data flows down: samples, predictions, scores, the record. No earlier type has a field that a later
stage fills in. Standard library and msgspec only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmbench.types.content import (
    Array,
    Audio,
    Content,
    Continued,
    Conversation,
    EncodedImage,
    Frames,
    InvalidContent,
    Item,
    Media,
    Message,
    Modality,
    PartT,
    Role,
    Seeded,
    VideoFrames,
    View,
)
from mmbench.types.predictions import (
    Directions,
    Features,
    ModelFile,
    Prediction,
    Predictions,
    Ranking,
    Wants,
    tagged,
)
from mmbench.types.records import (
    ModelInfo,
    RunRecord,
    TaskInfo,
)
from mmbench.types.requests import (
    Answers,
    GeneratedText,
    Generation,
    Method,
    Requests,
    Said,
    ScoreScale,
)
from mmbench.types.samples import (
    Outputs,
    Sample,
)
from mmbench.types.scores import (
    PublishedInfo,
    Score,
    ScoreInfo,
)
from mmbench.types.tasks import (
    KindOptions,
    OptionsT,
    Published,
    TaskSpec,
    Views,
)
from mmbench.types.training import (
    TrainingRun,
    TrainingStep,
)

if TYPE_CHECKING:
    from mmbench.types.content import DecodedPart as DecodedPart

__all__ = [
    "Answers",
    "Array",
    "Audio",
    "Content",
    "Continued",
    "Conversation",
    "Directions",
    "EncodedImage",
    "Features",
    "Frames",
    "GeneratedText",
    "Generation",
    "InvalidContent",
    "Item",
    "KindOptions",
    "Media",
    "Message",
    "Method",
    "Modality",
    "ModelFile",
    "ModelInfo",
    "OptionsT",
    "Outputs",
    "PartT",
    "Prediction",
    "Predictions",
    "Published",
    "PublishedInfo",
    "Ranking",
    "Requests",
    "Role",
    "RunRecord",
    "Said",
    "Sample",
    "Score",
    "ScoreInfo",
    "ScoreScale",
    "Seeded",
    "TaskInfo",
    "TaskSpec",
    "TrainingRun",
    "TrainingStep",
    "VideoFrames",
    "View",
    "Views",
    "Wants",
    "tagged",
]

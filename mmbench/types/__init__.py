"""Data types that the stages of an evaluation exchange.

The stages produce samples, predictions, scores and the run record, in this order. No type has a
field that a later stage fills in. The package imports only msgspec and the standard library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmbench.types.content import (
    Array,
    Audio,
    Content,
    ContinuationRequest,
    Conversation,
    EncodedImage,
    EncodedVideo,
    Frames,
    InvalidContent,
    Item,
    MatchRequest,
    Media,
    Message,
    Modality,
    PartT,
    Perturbation,
    Role,
    SeededPrompt,
    VideoFrames,
    View,
)
from mmbench.types.detections import Detection, Mask
from mmbench.types.predictions import (
    Directions,
    FeatureRequest,
    Features,
    ModelFile,
    Prediction,
    Predictions,
    Ranking,
    tagged,
)
from mmbench.types.records import (
    LATE,
    LIMITED,
    LIVE,
    OUTPUTS,
    PARTIAL,
    REASONING_REMOVED,
    REASONING_SCORED,
    RERANKED,
    ModelInfo,
    PartInfo,
    RunRecord,
    TaskInfo,
    format_part,
    other_tokens,
    protocol_differences,
)
from mmbench.types.requests import (
    GeneratedOutputs,
    GeneratedText,
    GenerationConfig,
    Method,
    Requests,
    ScoreScale,
    TokenMatches,
    VectorOutputs,
)
from mmbench.types.samples import (
    OutputContext,
    Outputs,
    Sample,
)
from mmbench.types.scores import (
    EstimateInfo,
    PublishedInfo,
    Score,
    ScoreInfo,
)
from mmbench.types.stored import (
    MediaPlace,
    PlaceInFile,
    StoredSample,
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
    "LATE",
    "LIMITED",
    "LIVE",
    "OUTPUTS",
    "PARTIAL",
    "REASONING_REMOVED",
    "REASONING_SCORED",
    "RERANKED",
    "Array",
    "Audio",
    "Content",
    "ContinuationRequest",
    "Conversation",
    "Detection",
    "Directions",
    "EncodedImage",
    "EncodedVideo",
    "EstimateInfo",
    "FeatureRequest",
    "Features",
    "Frames",
    "GeneratedOutputs",
    "GeneratedText",
    "GenerationConfig",
    "InvalidContent",
    "Item",
    "KindOptions",
    "Mask",
    "MatchRequest",
    "Media",
    "MediaPlace",
    "Message",
    "Method",
    "Modality",
    "ModelFile",
    "ModelInfo",
    "OptionsT",
    "OutputContext",
    "Outputs",
    "PartInfo",
    "PartT",
    "Perturbation",
    "PlaceInFile",
    "Prediction",
    "Predictions",
    "Published",
    "PublishedInfo",
    "Ranking",
    "Requests",
    "Role",
    "RunRecord",
    "Sample",
    "Score",
    "ScoreInfo",
    "ScoreScale",
    "SeededPrompt",
    "StoredSample",
    "TaskInfo",
    "TaskSpec",
    "TokenMatches",
    "TrainingRun",
    "TrainingStep",
    "VectorOutputs",
    "VideoFrames",
    "View",
    "Views",
    "format_part",
    "other_tokens",
    "protocol_differences",
    "tagged",
]

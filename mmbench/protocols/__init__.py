"""The interfaces between the parts of mmbench, one in each module; plugins implement them too."""

from __future__ import annotations

from mmbench.protocols.datasets import Dataset, Divisible, SourceInfo
from mmbench.protocols.declarations import declare, declare_source
from mmbench.protocols.kinds import Kind, Needs, Responses, ScoresParts
from mmbench.protocols.metrics import Metric, MetricInfo
from mmbench.protocols.model_extras import (
    DescribesServer,
    EmbedsInstructed,
    Hears,
    Prepares,
    Probes,
    SplitsReasoning,
    TakesEncoded,
    TakesEncodedVideos,
    Watches,
    WritesEach,
)
from mmbench.protocols.models import (
    Classifies,
    Detects,
    Draws,
    Embeds,
    EmbedsJointly,
    MatchesTokens,
    ModelClass,
    Rates,
    Reranks,
    Speaks,
    Writes,
)
from mmbench.protocols.outputs import OutputReader, TableReader
from mmbench.protocols.reporters import (
    ChecksSettings,
    LogsTraining,
    Reporter,
    Rows,
    StoredSamples,
    TrainingLog,
)
from mmbench.protocols.trainers import Trainer

__all__ = [
    "ChecksSettings",
    "Classifies",
    "Dataset",
    "DescribesServer",
    "Detects",
    "Divisible",
    "Draws",
    "Embeds",
    "EmbedsInstructed",
    "EmbedsJointly",
    "Hears",
    "Kind",
    "LogsTraining",
    "MatchesTokens",
    "Metric",
    "MetricInfo",
    "ModelClass",
    "Needs",
    "OutputReader",
    "Prepares",
    "Probes",
    "Rates",
    "Reporter",
    "Reranks",
    "Responses",
    "Rows",
    "ScoresParts",
    "SourceInfo",
    "Speaks",
    "SplitsReasoning",
    "StoredSamples",
    "TableReader",
    "TakesEncoded",
    "TakesEncodedVideos",
    "Trainer",
    "TrainingLog",
    "Watches",
    "Writes",
    "WritesEach",
    "declare",
    "declare_source",
]

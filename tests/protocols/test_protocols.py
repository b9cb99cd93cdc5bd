"""Built-in parts fulfil the protocols: mypy checks the lists, pytest that none is missing."""

from __future__ import annotations

from mmbench import registry
from mmbench.builtin import TABLES
from mmbench.datasets import RetrievalData, Samples
from mmbench.kinds.choice import Choice
from mmbench.kinds.classification import Classification
from mmbench.kinds.classification.zero_shot import ZeroShot
from mmbench.kinds.drawing import Drawing
from mmbench.kinds.embedding.clustering import Clustering
from mmbench.kinds.embedding.probe import Probe
from mmbench.kinds.matching import Matching
from mmbench.kinds.rating import Rating
from mmbench.kinds.retrieval import Retrieval
from mmbench.kinds.segments import Segments
from mmbench.kinds.speaking import Speaking
from mmbench.kinds.writing import Writing
from mmbench.metrics.captions.clipscore import clipscore
from mmbench.metrics.retrieval.first_positive import mrr, recall
from mmbench.metrics.torchmetrics import torchmetrics
from mmbench.predictions import arrays as outputs_arrays
from mmbench.predictions import readers as outputs
from mmbench.predictions import segments as outputs_segments
from mmbench.predictions import vectors as outputs_vectors
from mmbench.protocols import (
    ChecksSettings,
    Dataset,
    Kind,
    LogsTraining,
    Metric,
    OutputReader,
    Reporter,
    SourceInfo,
    TableReader,
    Trainer,
    declare_source,
)
from mmbench.reference.training.registered import train
from mmbench.reports.trackers import mlflow_runs, weights_and_biases
from mmbench.storage.records import BoardReporter

OF_SAMPLES: list[type[Kind[Samples]]] = [
    Choice,
    Classification,
    Clustering,
    Drawing,
    Matching,
    Probe,
    Rating,
    Segments,
    Speaking,
    Writing,
    ZeroShot,
]
OF_RETRIEVAL: list[type[Kind[RetrievalData]]] = [Retrieval]
DATASETS: list[type[Dataset]] = [Samples, RetrievalData]
METRICS: list[Metric] = [recall, mrr, clipscore, torchmetrics]  # with and without an argument
TABLE_READERS: list[TableReader] = [outputs.excel, outputs.json_file, outputs.records]
READERS: list[OutputReader] = [
    outputs.folder,
    outputs.kaldi_text,
    outputs.text,
    outputs.trec_run,
    outputs.trn,
    outputs_arrays.embeddings,
    outputs_arrays.score_matrix,
    outputs_segments.segment_file,
    outputs_segments.segments_folder,
    outputs_vectors.embeddings_folder,
]
BOARD_REPORTER: type[Reporter] = BoardReporter
REPORTERS: list[Reporter] = [weights_and_biases.report, mlflow_runs.report]
CHECKED: list[ChecksSettings] = [weights_and_biases.report, mlflow_runs.report]
LOGGED: list[LogsTraining] = [weights_and_biases.report, mlflow_runs.report]
TRAINER: Trainer = train


def test_the_lists_hold_every_kind_reader_trainer_and_reporter() -> None:
    kinds = {registry.lookup("kind", name) for name in TABLES["kind"]}
    readers = {registry.lookup("outputs", name) for name in TABLES["outputs"]}
    assert kinds == {*OF_SAMPLES, *OF_RETRIEVAL}
    assert readers == {*READERS, *TABLE_READERS}
    assert {registry.lookup("trainer", name) for name in TABLES["trainer"]} == {TRAINER}
    assert [registry.lookup("reporter", name) for name in TABLES["reporter"]] == REPORTERS
    assert all(isinstance(reporter, ChecksSettings) for reporter in CHECKED)
    assert all(isinstance(reporter, LogsTraining) for reporter in LOGGED)


def test_a_kind_has_at_most_10_methods() -> None:
    methods = [name for name, one in vars(Kind).items() if callable(one) and name[0] != "_"]
    assert 1 <= len(methods) <= 10


def test_a_class_may_be_a_declared_source() -> None:
    @declare_source("json", hub=True)
    class Source:
        info: SourceInfo

    assert Source.info == SourceInfo(frozenset({"json"}), hub=True)

"""The kind `clustering`: clusters of similar embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from mmbench.columns import Table, column, patch_rows, rows_of_type
from mmbench.datasets import Samples
from mmbench.errors import DataError, SpecError
from mmbench.kinds.classification.check import check_classes
from mmbench.kinds.embedding.draws import SEED, classes_of
from mmbench.kinds.embedding.options import ClusteringOptions
from mmbench.kinds.embedding.scikit_learn import check_scikit_learn, scikit_learn
from mmbench.kinds.inputs import check_medium, media_of
from mmbench.kinds.per_sample import PerSample, each_output, hash_number, prediction_table
from mmbench.kinds.responses import vectors
from mmbench.protocols import Embeds, Responses
from mmbench.text import count, listed
from mmbench.types import (
    Array,
    InvalidContent,
    Outputs,
    Prediction,
    Predictions,
    Requests,
    TaskSpec,
)

_STARTS = 10  # of `kmeans`, of which the best counts
_BATCH = 500  # of `mieb`
_ONE = "0"  # the cluster of the baseline `constant`


class Clustering(PerSample):
    """The kind `clustering`. A value is the name of a sample's cluster, a target its class index.

    Names are numbers for a model, and any text for another program. The classes are not used to
    find clusters, except their number. Each repeat is a split with another seed, so that scores are
    means over clusterings, and intervals resample samples within given clusters. Source of `mieb`:
    `ClusteringEvaluator` of embeddings-benchmark/mteb 2.26.24.
    """

    Options = ClusteringOptions
    options: ClusteringOptions
    ability = Embeds
    joint = True
    baselines = ("oracle", "constant", "random")

    def __init__(self, task: TaskSpec, /) -> None:
        super().__init__(task)
        if task.fields:
            check_medium(task)
        if self.options.repeats < 1 or self.options.clusters < 0:
            raise SpecError(f"task {task.name}: repeats and clusters must be above 0")
        if self._mieb and self.options.repeats > 1:
            raise SpecError(
                f"task {task.name}: algorithm mieb has a fixed seed; use algorithm: kmeans, or"
                " leave repeats out"
            )

    @property
    def _mieb(self) -> bool:
        return self.options.algorithm == "mieb"

    def check(self, data: Samples, /) -> None:
        """Raise DataError for data without two classes, or with several classes per sample.

        Raises MissingExtra if scikit-learn is not installed.
        """
        check_scikit_learn("a clustering")
        check_classes(data, self.task)
        targets = column(data.samples, "target")
        lists = rows_of_type(targets, list)
        if lists:
            raise DataError(
                f"task {self.task.name}: sample {data.samples[lists[0]].id} has a list of labels,"
                " but a clustering is compared with one label per sample; give one"
            )
        if len(classes := {one for target in targets for one in classes_of(target)}) < 2:
            names = listed(data.labels[at] for at in sorted(classes)) or "none"
            raise DataError(
                f"task {self.task.name}: a clustering needs samples of two classes or more; there"
                f" are only those of {names}"
            )

    def requests(self, data: Samples, _seed: int, /) -> dict[str, Requests]:
        """Return an embedding request for each sample."""
        media, modality = media_of(self.task, data)
        return {"sample": Requests(media, modality, normalise=not self._mieb)}

    def signature(self, _data: Samples, /) -> str:
        """Return the algorithm with its settings, and the number of clusters."""
        if self._mieb:
            settings = f"mieb(batch={_BATCH},seed={SEED}),embeddings=as-returned"
        else:
            settings = f"kmeans(starts={_STARTS},seed={SEED}),embeddings=unit"
        return f"clustering={settings},clusters={self.options.clusters or 'classes'}"

    def predictions(self, data: Samples, responses: Responses, /) -> Predictions:
        """Return the clusters of the embedded samples, for each repeat."""
        answers = vectors(responses, "sample")
        failed = {row: InvalidContent(why) for row, why in answers.failures.items()}
        embedded = [row for row in range(len(data.samples)) if row not in failed]
        if not embedded:
            raise DataError(
                f"task {self.task.name}: the model could embed no sample:"
                f" {next(iter(answers.failures.values()))}"
            )
        targets = column(data.samples, "target")
        clusters = self.options.clusters or len({targets[row] for row in embedded})
        if len(embedded) < clusters:
            raise DataError(
                f"task {self.task.name}: {count(len(embedded), 'sample')} cannot be divided into"
                f" {count(clusters, 'cluster')}; give more samples, or set clusters"
            )
        splits: list[Table[Prediction]] = []
        for repeat in range(self.options.repeats):
            found = self._clusters(answers.vectors[embedded], clusters, SEED + repeat)
            values: list[object] = [None] * len(data.samples)
            for row, cluster in zip(embedded, found, strict=True):
                values[row] = str(cluster)
            splits.append(prediction_table(data.samples, patch_rows(values, failed)))
        return Predictions({"": splits}, self.failures(data, responses))

    def _clusters(self, embeddings: Array, clusters: int, seed: int) -> NDArray[Any]:
        """Return the number of the cluster of each embedding [n]."""
        algorithms = scikit_learn("cluster", "a clustering")
        if self._mieb:
            model = algorithms.MiniBatchKMeans(
                n_clusters=clusters, batch_size=_BATCH, n_init="auto", random_state=seed
            )
        else:
            model = algorithms.KMeans(n_clusters=clusters, n_init=_STARTS, random_state=seed)
        return np.asarray(model.fit(embeddings).labels_)

    def accepted(self, data: Samples, outputs: Outputs, /) -> list[object]:
        """Return the clusters of another program: a text or a number for each sample."""
        return each_output(self.task, data, outputs, _cluster)

    def baseline(self, name: str, data: Samples, seed: int, /) -> Predictions:
        """Return the predictions of a baseline, equal in all repeats."""
        found = super().baseline(name, data, seed)
        (split,) = found.splits()
        return msgspec.structs.replace(found, directions={"": [split] * self.options.repeats})

    def baseline_values(self, name: str, data: Samples, seed: int, /) -> Sequence[object]:
        """Return the cluster of each sample: its class, the same for all, or a random one."""
        targets = column(data.samples, "target")
        if name == "oracle":
            return [str(target) for target in targets]
        if name == "constant":
            return [_ONE] * len(targets)
        clusters = self.options.clusters or max(1, len(data.labels))
        return [str(hash_number(seed, i) % clusters) for i in column(data.samples, "id")]


def _cluster(output: object, where: str) -> str:
    if isinstance(output, str | int) and str(output).strip():
        return str(output)
    raise DataError(f"{where} is {output!r}; give the name or the number of a cluster")

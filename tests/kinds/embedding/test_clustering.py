"""The kind `clustering`: clusters of scikit-learn on the same embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from mmbench.datasets import Samples
from mmbench.errors import DataError, MissingExtra, SpecError
from mmbench.kinds.embedding import scikit_learn as packages
from mmbench.kinds.embedding.clustering import Clustering
from mmbench.kinds.embedding.options import ClusteringOptions
from mmbench.types import Media, Outputs, Predictions, Sample, TaskSpec, VectorOutputs
from tests.support.predictions import metric_value

N = 90
IMAGE = Media("image", "a.png")


def spec(**options: Any) -> TaskSpec:
    chosen = ClusteringOptions(**options)
    return TaskSpec("t", "clustering", {}, {"image": "image"}, ["m"], "m", options=chosen)


def data(targets: Sequence[Any] = (0, 1, 2) * (N // 3)) -> Samples:
    rows = [Sample(str(i), {"image": IMAGE}, target) for i, target in enumerate(targets)]
    return Samples(rows, ["a", "b", "c"])


def embeddings() -> Any:
    draws = np.random.default_rng(3)
    noise = draws.normal(size=(N, 6)).astype(np.float32) / 2
    return noise + draws.normal(size=(3, 6)).astype(np.float32)[np.arange(N) % 3]


def clustered(task: TaskSpec, failed: dict[int, str] | None = None) -> Predictions:
    kind, vectors = Clustering(task), embeddings()
    if kind.requests(data(), 0)["sample"].normalise:
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[list(failed or {})] = 0
    return kind.predictions(data(), {"sample": VectorOutputs(vectors, failed or {})})


def test_kmeans_is_that_of_scikit_learn_on_unit_vectors() -> None:
    cluster = pytest.importorskip("sklearn.cluster")
    unit = embeddings() / np.linalg.norm(embeddings(), axis=1, keepdims=True)
    splits = clustered(spec(repeats=2)).directions[""]
    for seed, split in zip((42, 43), splits, strict=True):
        model = cluster.KMeans(3, n_init=10, random_state=seed).fit(unit)
        assert [p.value for p in split] == list(map(str, model.labels_))
    assert metric_value("v_measure", splits[0]) > 0.5


def test_mieb_is_the_mini_batch_kmeans_of_mteb() -> None:
    """The arguments of `ClusteringEvaluator` of mteb 2.26.24, on embeddings as they are."""
    cluster = pytest.importorskip("sklearn.cluster")
    model = cluster.MiniBatchKMeans(
        n_clusters=3, batch_size=500, n_init="auto", compute_labels=True, random_state=42
    )
    labels = model.fit(embeddings()).labels_
    (split,) = clustered(spec(algorithm="mieb")).directions[""]
    assert [p.value for p in split] == list(map(str, labels))


def test_failed_samples_are_in_no_cluster() -> None:
    pytest.importorskip("sklearn")
    found = clustered(spec(clusters=5), {2: "truncated"})
    assert found.failures == [("2", "truncated")]
    (split,) = found.directions[""]
    assert (split[2].value, split[2].error) == (None, "truncated")
    assert len({p.value for p in split if not p.error}) == 5


def test_outputs_of_other_programs_and_baselines() -> None:
    kind = Clustering(spec())
    outputs = Outputs(values={str(i): [7, "x y"][i % 2] for i in range(N)})
    assert {p.value for p in kind.accept(data(), outputs).each()} == {"7", "x y"}
    with pytest.raises(DataError, match="the name or the number of a cluster"):
        kind.accept(data(), Outputs(values={str(i): [1.0] for i in range(N)}))
    scores = {name: kind.baseline(name, data(), 0).directions[""][0] for name in kind.baselines}
    assert metric_value("v_measure", scores["oracle"]) == pytest.approx(1)
    assert metric_value("v_measure", scores["constant"]) == 0
    assert metric_value("v_measure", scores["random"]) < 0.1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"repeats": 0}, "above 0"),
        ({"clusters": -1}, "above 0"),
        ({"algorithm": "mieb", "repeats": 2}, "mieb has a fixed seed"),
    ],
)
def test_options_that_contradict_each_other(options: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        Clustering(spec(**options))


def test_data_that_cannot_be_clustered() -> None:
    with pytest.raises(DataError, match="sample 1 has a list of labels"):
        Clustering(spec()).check(data([0, [1, 2]]))
    with pytest.raises(DataError, match="two classes or more; there are only those of b"):
        Clustering(spec()).check(data([1, 1]))
    with pytest.raises(DataError, match="90 samples cannot be divided into 91 clusters"):
        clustered(spec(clusters=91))
    with pytest.raises(DataError, match="the model could embed no sample: NaN"):
        clustered(spec(), dict.fromkeys(range(N), "NaN"))


def test_without_scikit_learn_the_error_comes_before_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"a clustering needs scikit-learn: pip install .*probe"):
        Clustering(spec()).check(data())

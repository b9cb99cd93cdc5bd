"""The options of the kinds `probe` and `clustering`, and their checks."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import field

from mmbench.errors import SpecError
from mmbench.types import KindOptions

ProbeName = Literal["mieb", "logistic", "logistic-sweep", "knn", "dino-knn"]
ALL: Literal["all"] = "all"
C = 0.316  # of the example in the README of openai/CLIP
NEIGHBOURS = {"knn": 5, "dino-knn": 20}  # default of `k` by probe


class ProbeOptions(KindOptions, frozen=True):
    """Options of `probe`.

    `probe` names the classifier that is fitted to the embeddings of the training samples:

    - `mieb`: scikit-learn's logistic regression as in mteb's classification tasks;
    - `logistic`: the same with the settings of the example in the README of openai/CLIP, or with
      another inverse strength `c` of the L2 penalty;
    - `logistic-sweep`: the same with the penalty that is best on a held-out fifth of the training
      samples;
    - `knn`: the share of each class among the `k` nearest neighbours (5);
    - `dino-knn`: the weighted neighbours of DINO, of which there are `k` (20).

    `shots` are numbers of training samples per class; `all`, and an empty list, means all samples.
    Several numbers give a score each: `accuracy@1[4-shot]`. `repeats` is the number of draws of
    training samples, over which scores are averaged. The training samples are read by the data
    source of the task; the keys of `train_data` replace keys of `data`.
    """

    probe: ProbeName = "logistic"
    shots: list[int | Literal["all"]] = field(default_factory=list)
    repeats: int = 1
    c: float = C
    k: int = 0
    train_data: dict[str, Any] = field(default_factory=dict)


class ClusteringOptions(KindOptions, frozen=True):
    """Options of `clustering`.

    `algorithm` is `mieb`, scikit-learn's MiniBatchKMeans as in mteb's clustering of images, or
    `kmeans`, scikit-learn's KMeans of unit vectors, the best of 10 starts. `clusters` is the number
    of clusters; 0 means the number of classes that occur. `repeats` is the number of clusterings
    with different seeds, over which scores are averaged.
    """

    algorithm: Literal["kmeans", "mieb"] = "kmeans"
    clusters: int = 0
    repeats: int = 1


def check_probe_options(options: ProbeOptions, task: str) -> None:
    """Raise SpecError for options of a probe that contradict each other."""
    if fault := _probe_fault(options):
        raise SpecError(f"task {task}: {fault}")


def _probe_fault(options: ProbeOptions) -> str:
    numbers = [shots for shots in options.shots if isinstance(shots, int)]
    if any(number < 1 for number in numbers) or len(set(options.shots)) < len(options.shots):
        return f"shots are {options.shots}; give different numbers above 0, or all"
    if options.repeats < 1:
        return f"repeats is {options.repeats}; give 1 or more"
    if options.repeats > 1 and not numbers:
        return "repeats needs shots: without a draw, each repeat gives the same scores"
    if options.probe == "mieb" and (not numbers or ALL in options.shots):
        return "probe mieb draws training samples; set e.g. shots: [16]"
    if options.c != C and options.probe != "logistic":
        return f"c has no effect on probe {options.probe}; use probe: logistic, or leave c out"
    if options.k and options.probe not in NEIGHBOURS:
        return f"k has no effect on probe {options.probe}; use probe: knn, or leave k out"
    return "" if options.c > 0 and options.k >= 0 else "c and k must be above 0"

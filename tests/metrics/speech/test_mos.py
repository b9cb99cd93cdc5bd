import math
import sys
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.errors import DataError, MissingExtra, SampleError
from mmbench.metrics.speech import dnsmos as scorer
from mmbench.metrics.speech.mos import dnsmos, mos, mos_ktau, mos_lcc, mos_mse, mos_srcc
from mmbench.stats import fold, fold_many
from mmbench.stats.crossed import crossed_interval, crossed_resamples
from mmbench.types import Media, Prediction
from tests.support.media.sounds import sound_bytes
from tests.support.paths import DATA

SPEECH = DATA / "speech"
HEADS = ("ovrl", "sig", "bak", "p808")
PEERS = {mos_lcc: "pearsonr", mos_srcc: "spearmanr", mos_ktau: "kendalltau"}
AGREEMENTS = [*PEERS, mos_mse]
FOLDS = ["pearson", "spearman", "kendall", *(f"{n}@system" for n in ("pearson", "kendall", "mse"))]
POINT = st.tuples(
    st.sampled_from([1.0, 1.5, 2.25, 3.0, 4.1]),
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
    st.sampled_from(["s1", "s2", "s3", "s4"]),
)
SAMPLES = st.lists(POINT, max_size=12).map(lambda points: predict(*points))


def predict(*points):
    """Of (predicted, ratings, system)."""
    return [
        Prediction(str(i), said, [[f"r{k}", r] for k, r in enumerate(ratings)], tags={"system": s})
        for i, (said, ratings, s) in enumerate(points)
    ]


def columns(predictions, level):
    """Predicted and mean ratings of items, or of systems, by loops."""
    items = [
        (p.tags["system"], p.value, sum(r for _, r in p.target) / len(p.target))
        for p in predictions
    ]
    if level == "utterance":
        return np.array([item[1:] for item in items]).reshape(-1, 2)
    systems = sorted({system for system, _, _ in items})
    means = [np.mean([item[1:] for item in items if item[0] == s], axis=0) for s in systems]
    return np.array(means).reshape(-1, 2)


def expected(metric, predictions, level):
    stats = pytest.importorskip("scipy.stats")
    x, y = columns(predictions, level).T
    if metric is mos_mse:
        return float(np.mean((x - y) ** 2)) if len(x) else math.nan
    # A spread of rounding alone is none: means of equal ratings may differ in the last bit.
    if len(x) < 2 or np.ptp(x) < 1e-12 or np.ptp(y) < 1e-12:
        return math.nan
    return float(getattr(stats, PEERS[metric])(x, y)[0])


@pytest.mark.parametrize("level", ["utterance", "system"])
@pytest.mark.parametrize("metric", AGREEMENTS)
@settings(max_examples=25)
@given(predictions=SAMPLES)
def test_equal_to_scipy(metric, level, predictions):
    predictions = [p for p in predictions if level == "utterance" or not is_close(predictions)]
    found = metric(predictions, level).value
    wanted = expected(metric, predictions, level)
    assert found == pytest.approx(wanted, abs=1e-9, nan_ok=True)


def is_close(predictions):
    """Whether means of systems differ by rounding alone, so that ranks depend on it."""
    sorted_means = np.sort(columns(predictions, "system"), axis=0)
    gaps = np.diff(sorted_means, axis=0)
    return bool(((gaps != 0) & (gaps < 1e-9)).any())


def test_the_order_of_the_items_does_not_move_the_mean_of_a_system():
    """Both systems have a mean rating of 8/3: s1 as (4 + 1.5 + 4/3 + 3.5 + 3) / 5, whose last digit
    depends on the order, so that one order gave a tie and another one a perfect agreement."""
    points = [(1.0, [4], "s1"), (1.0, [1, 1, 1, 3], "s1"), (1.0, [1, 2, 5], "s2")]
    points += [(1.0, [1, 1, 2], "s1"), (1.0, [2, 5], "s1"), (1.5, [1, 5], "s1")]
    values = {str(mos_srcc(predict(*order), "system").value) for order in permutations(points)}
    assert len(values) == 1


def test_systems_with_equal_means_are_tied_whatever_their_sums_round_to():
    """Both systems have a mean rating of 17/6, whose last digit depends on the addends."""
    ratings = [[1], [3], [2, 5], [2, 5], [1, 1, 2], [1, 4, 5, 5], [1, 4, 5, 5]]
    points = [(1.0, one, "s2") for one in ratings]
    points += [(1.0, [1, 4, 5], "s4"), (1.5, [1, 1, 5], "s4")]
    for metric in (mos_srcc, mos_ktau):
        assert math.isnan(metric(predict(*points), "system").value)


# scipy.stats.kendalltau's own example of ties, and the others of the same points.
def test_literal():
    x, y = [12, 2, 1, 12, 2], [1, 4, 7, 1, 0]
    predictions = predict(*[(a, [b], f"s{i}") for i, (a, b) in enumerate(zip(x, y, strict=True))])
    for level in ("utterance", "system"):
        assert mos_ktau(predictions, level).value == pytest.approx(-0.47140452079103173)
    assert mos_mse(predictions, "utterance").value == (121 + 4 + 36 + 121 + 4) / 5


@pytest.mark.parametrize("name", FOLDS)
@given(
    points=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 3)), min_size=1),
    data=st.data(),
)
@settings(max_examples=60)
def test_folds_by_weights(name, points, data):
    rows = np.array(points, dtype=float)
    counts = st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows))
    weights = np.array([data.draw(counts), data.draw(counts)], dtype=float)
    found = fold_many(name, rows, weights)
    for value, weight in zip(found, weights, strict=True):
        again = fold(name, np.repeat(rows, weight.astype(int), axis=0))
        assert value == pytest.approx(again, abs=1e-9, nan_ok=True)
    if "@" not in name:  # weights need not be whole numbers
        assert fold_many(name, rows, weights / 7) == pytest.approx(found, abs=1e-9, nan_ok=True)


def test_kendall_of_many_points():
    stats = pytest.importorskip("scipy.stats")
    draw = np.random.default_rng(0)
    x = draw.normal(size=3000)
    for y in (x + draw.normal(size=3000), np.round(x + draw.normal(size=3000), 1)):
        found = fold("kendall", np.column_stack([x, y]))
        assert found == pytest.approx(stats.kendalltau(x, y)[0])


@pytest.mark.parametrize("level", ["utterance", "system"])
@pytest.mark.parametrize("metric", PEERS)
@pytest.mark.parametrize("said", [[2.0], [2.0, 2.0, 2.0]])
def test_without_spread_there_is_no_correlation(metric, level, said):
    points = [(value, [i + 1], f"s{i}") for i, value in enumerate(said)]
    found = metric(predict(*points), level)
    assert math.isnan(found.value) and "different values" in found.reason and found.interval is None


@pytest.mark.parametrize("level", ["utterance", "system"])
@pytest.mark.parametrize("metric", AGREEMENTS)
def test_missing_parts_are_told(metric, level):
    points = [(None, [1], "s1"), (2.0, [], "s2"), (1.0, [3], "s3"), (4.0, [4], "s4")]
    found = metric(predict(*points), level)
    assert math.isnan(found.value) and found.reason == "2 items without prediction or ratings"
    without = [Prediction("7", 1.0, [["r", 1]])]
    if level == "system":
        with pytest.raises(DataError, match="sample 7 has no tag `system`"):
            metric(without, level)


def test_mos_is_the_mean_of_the_means_of_items():
    found = mos(predict((None, [1, 1, 1, 1], "s"), (None, [5], "s")))
    assert found.value == 3 and found.rows.tolist() == [[1], [5]]
    lost = mos(predict((None, [], "s"), (None, [5], "s")))
    assert math.isnan(lost.value) and lost.reason == "1 item without ratings"


def naive_crossed(ratings, items, raters):
    """The value when items and raters were drawn so often: each drawn pair stands there."""
    means = []
    for item, times in items.items():
        mine = [v for i, rater, v in ratings if i == item for _ in range(raters[rater])]
        if mine:
            means += [sum(mine) / len(mine)] * times
    return sum(means) / len(means) if means else math.nan


def test_crossed_resamples_by_their_definition():
    from mmbench.stats.resampler import Resampler

    draw = np.random.default_rng(0)
    ratings = sorted(
        (f"i{i}", f"r{r}", float(draw.integers(1, 6)))
        for i in range(6)
        for r in range(4)
        if draw.random() < 0.6
    )
    found = crossed_resamples(ratings, seed=3, resamples=60)
    names = [sorted({rating[side] for rating in ratings}) for side in (0, 1)]
    counts = [
        next(Resampler([r[side] for r in ratings], seed=3 + side, resamples=60).weights(60))
        for side in (0, 1)
    ]
    wanted = []
    for drawn in zip(*(c.astype(int).tolist() for c in counts), strict=True):
        items, raters = (dict(zip(n, d, strict=True)) for n, d in zip(names, drawn, strict=True))
        wanted.append(naive_crossed(ratings, items, raters))
    assert found == pytest.approx(wanted, nan_ok=True)
    assert crossed_interval(ratings) == crossed_interval(reversed(ratings))


@pytest.mark.slow
@pytest.mark.parametrize("raters, items", [(5, 30), (15, 60)])
def test_crossed_interval_covers(raters, items):
    """Of 100 worlds with raters and items that differ, nearly 95 or more hold the true mean."""
    draw = np.random.default_rng(1)
    held = 0
    for _ in range(100):
        table = 3 + 0.4 * draw.normal(size=raters) + 0.6 * draw.normal(size=(items, 1))
        table = table + 0.5 * draw.normal(size=(items, raters))
        pairs = [(f"i{i}", f"r{r}", v) for (i, r), v in np.ndenumerate(table)]
        low, high = crossed_interval(pairs, resamples=200)
        held += low <= 3 <= high
    assert held >= 90


def test_interval_of_mos():
    draw = np.random.default_rng(0)
    points = [(None, draw.integers(1, 6, size=8).tolist(), "s") for _ in range(40)]
    found = mos(predict(*points))
    assert found.interval is not None and found.interval[0] < found.value < found.interval[1]
    assert mos(predict(*points)[::-1]).interval == found.interval
    assert mos(predict((None, [3], "s"))).interval is None  # one rating has no spread
    assert mos(predict((None, [1, 5], "s"))).interval is not None  # over raters alone


def test_interval_over_systems():
    draw = np.random.default_rng(0)
    quality = np.repeat(draw.uniform(1, 5, 12), 6)
    said, rated = quality + draw.normal(0, 0.5, 72), quality + draw.normal(0, 1, 72)
    points = [(said[i], [rated[i]], f"s{i // 6}") for i in range(72)]
    for metric in AGREEMENTS:
        found = metric(predict(*points), "system")
        assert found.interval is not None and found.interval[0] < found.value < found.interval[1]
        assert metric(predict(*points)[::-1], "system").interval == pytest.approx(found.interval)


@pytest.mark.parametrize("level", ["utterance", "system"])
@pytest.mark.parametrize("metric", AGREEMENTS)
def test_of_nothing_is_nan(metric, level):
    found = metric([], level)
    assert math.isnan(found.value) and len(found.rows) == 0
    assert math.isnan(mos([]).value) and mos([]).interval is None


@pytest.mark.parametrize("level", ["utterance", "system"])
@pytest.mark.parametrize("metric", AGREEMENTS)
@settings(max_examples=20)
@given(predictions=SAMPLES.filter(bool), order=st.randoms(use_true_random=False))
def test_properties(metric, level, predictions, order):
    found = metric(predictions, level)
    assert len(found.rows) == len(predictions)
    assert fold(found.fold, found.rows) == pytest.approx(found.value, nan_ok=True)
    assert not found.value < found.worst if found.worst is not None else True
    if not is_close(predictions):
        order.shuffle(predictions)
        again = metric(predictions, level).value
        assert again == pytest.approx(found.value, abs=1e-9, nan_ok=True)


def test_perfect():
    predictions = predict((1.0, [1], "a"), (2.5, [2, 3], "b"), (4.0, [4], "c"))
    for level in ("utterance", "system"):
        found = [metric(predictions, level).value for metric in AGREEMENTS]
        assert found == pytest.approx([1, 1, 1, 0])


def clip(seconds, kind, rate=16_000):
    """A WAV of 16 bits in memory: a tone, noise or silence."""
    time = np.arange(int(seconds * rate)) / rate
    noise = np.random.default_rng(0).normal(0, 0.1, len(time))
    samples = {"tone": 0.3 * np.sin(2 * np.pi * 220 * time), "noise": noise, "none": 0 * time}
    return sound_bytes((samples[kind] * 32767).astype(np.int16), rate)


def heard(ident, data):
    return Prediction(ident, Media("audio", f"{ident}.wav", lambda: data))


@pytest.fixture(scope="module")
def speechmos():
    for name in ("librosa", "requests", "onnxruntime"):
        pytest.importorskip(name)
    return pytest.importorskip("speechmos.dnsmos")


@pytest.mark.slow
def test_dnsmos_equals_the_package(speechmos, tmp_path):
    clips = {"tone": clip(9.02, "tone"), "noise": clip(5, "noise", 22_050)}
    if SPEECH.is_dir():
        clips["jfk"] = (SPEECH / "jfk.flac").read_bytes()  # 44.1 kHz, stereo
    wanted = []
    for name, data in clips.items():
        (tmp_path / name).write_bytes(data)
        wanted.append(speechmos.run(str(tmp_path / name), 16_000))
    predictions = [heard(name, data) for name, data in clips.items()]
    for head in HEADS:
        found = dnsmos(predictions, head)
        assert found.rows[:, 0] == pytest.approx([w[f"{head}_mos"] for w in wanted], abs=1e-6)
        assert f"head={head}" in found.signature
    spoken = dict(zip(clips, wanted, strict=True))
    assert "jfk" not in spoken or spoken["jfk"]["ovrl_mos"] > spoken["noise"]["ovrl_mos"]


def test_four_heads_cost_one_pass(speechmos):
    scorer._scores_by_digest.clear()
    predictions = [heard("a", clip(9.02, "noise"))]
    predictions.append(Prediction("b", None, inputs={"audio": predictions[0].value}))
    first = dnsmos(predictions, "ovrl").rows
    assert len(scorer._scores_by_digest) == 1 and first[0] == first[1]
    (scored,) = scorer._scores_by_digest.values()
    values = [dnsmos(predictions, head).value for head in HEADS]
    assert next(iter(scorer._scores_by_digest.values())) is scored  # not scored again
    assert values == [scored[head] for head in HEADS] and len(set(values)) == 4


@pytest.mark.parametrize("data", [b"", b"no sound at all", clip(0, "none")])
def test_a_clip_that_cannot_be_decoded_is_named(speechmos, data):
    with pytest.raises(SampleError, match=r"sample bad: bad\.wav\b"):
        dnsmos([heard("bad", data)], "ovrl")


def test_a_prediction_without_sound_is_named(speechmos):
    with pytest.raises(DataError, match="sample 3 has no audio"):
        dnsmos([Prediction("3", "a text")], "ovrl")
    assert math.isnan(dnsmos([], "ovrl").value)


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "speechmos", None)
    with pytest.raises(MissingExtra, match=r"pip install 'mmbench\[mos\]'"):
        dnsmos([], "ovrl")

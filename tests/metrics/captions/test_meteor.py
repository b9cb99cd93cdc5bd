import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.errors import DataError, UserError
from mmbench.metrics.captions import meteor, spice
from mmbench.metrics.captions import meteor_jar as module
from mmbench.metrics.captions.jar import failure_message, jar_folder, java_command
from mmbench.metrics.captions.spice import _scores
from mmbench.stats import fold, fold_many
from tests.support.captions import (
    official_tokens,
    plain_tokens,
    random_captions,
    real,
)
from tests.support.predictions import predict

NAMES = ("clipscore-good", "clipscore-bad", "nlg-eval", "aac-1")


@pytest.fixture(scope="session")
def java():
    pytest.importorskip("pycocoevalcap.meteor.meteor")
    try:
        java_command("meteor", "2G")
    except UserError as error:
        pytest.skip(str(error))


@pytest.fixture
def jar(java, monkeypatch):
    """The jar, asked anew each time: an answer that it remembers tests nothing."""
    process = module._process()
    monkeypatch.setattr(process, "request", process._request)


@pytest.fixture(scope="session")
def official(java):
    from pycocoevalcap.meteor.meteor import Meteor

    process = Meteor()
    meteor(predict(("red", ["red"])))  # both start at the same time
    return process


def test_what_was_asked_before_is_remembered(java):
    predictions = random_captions(9)
    first = meteor(predictions).rows
    asked = module._process().request.cache_info()
    assert (meteor(predictions).rows == first).all()
    again = module._process().request.cache_info()
    assert (again.misses, again.hits) == (asked.misses, asked.hits + len(predictions))


def assert_official(official, predictions, tokens):
    value, values = official.compute_score(*tokens)
    ours = meteor(predictions)
    assert ours.value == pytest.approx(value, abs=1e-12)
    each = [fold("meteor", row[None]) for row in ours.rows]
    np.testing.assert_allclose(each, values, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_equals_pycocoevalcap_on_real_captions(official, jar, name):
    assert_official(official, real(name)[:150], official_tokens(real(name)[:150]))


@pytest.mark.parametrize("seed", range(8))
def test_equals_pycocoevalcap_on_random_captions(official, jar, seed):
    predictions = random_captions(seed)
    assert_official(official, predictions, plain_tokens(predictions))


# coco-caption's notebook, clipscore's README, nlg-eval's README.
@pytest.mark.parametrize(
    ("name", "expected", "digits"),
    [
        ("fakecap", 0.195, 3),
        ("clipscore-good", 0.3444, 4),
        ("clipscore-bad", 0.1861, 4),
        ("nlg-eval", 0.295797, 6),
    ],
)
def test_known_answers(jar, name, expected, digits):
    assert meteor(real(name)).value == pytest.approx(expected, abs=0.51 * 10**-digits)


def test_perfect_captions_and_wrong_ones(jar):
    found = meteor(predict(("red cat", ["red cat"]), ("two dogs sit", ["a bird", "two dogs sit"])))
    assert found.value == 1
    assert found.rows[:, 20].tolist() == [0, 0]  # chunks that the jar leaves out of its sum
    assert meteor(predict(("red cat", ["green bird"]))).value == 0


def test_rows_are_the_statistics_of_the_jar(jar):
    # 6 words against 5: "on" and "a" match, 3 function words on each side, one chunk.
    row = meteor(predict(("the cats sit on a rug", ["a cat on a mat"]))).rows[0]
    assert row[:4].tolist() == [6, 5, 3, 3]
    assert row[6:8].tolist() == [2, 2]
    assert row[20:].tolist() == [1, 2, 2]


def test_empty_captions_count(jar):
    found = meteor(predict(("", ["red cat"]), ("red cat", ["red cat"]), ("cat", [""])))
    assert [fold("meteor", row[None]) for row in found.rows] == [0, 1, 0]
    assert 0 < found.value < 1


# What would end a line or a part of the jar's protocol.
HOSTILE = [
    "a ||| b",
    "|||",
    "||||||| cat",
    "EVAL ||| 1",
    "red\ncat",
    "red\r\ncat\r",
    "SCORE",
    "\x00\x1b[2J",
    "\u2028\u2029\x85\x0b\x0c",
    "\ud800 cat",
    "%s {} \\",
]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_captions_do_not_reach_their_neighbours(jar, text):
    tame = ("the red cat sat", ["a red cat is sitting"])
    alone = meteor(predict(tame)).rows[0]
    rows = meteor(predict(tame, (text, ["red"]), tame, ("red", [text, "cat"]), tame)).rows
    assert (rows[[0, 2, 4]] == alone).all()


def test_bars_in_a_reference_do_not_make_two_of_it(jar):
    found = meteor(predict(("red cat", ["red ||| cat"])))
    assert found.rows[0, :2].tolist() == [2, 5]  # PTB makes a token of each bar


def test_letters_beyond_ascii(jar):
    found = meteor(predict(("über die straße 猫", ["über die straße 猫"])))
    assert found.value == 1
    assert found.rows[0, 0] == 4


def test_one_process_serves_all_calls(jar):
    predictions = random_captions(3)
    meteor(predictions)
    before = module._process()
    meteor(random_captions(4))
    assert module._process() is before


def test_threads_do_not_mix_their_answers(jar):
    sets = [random_captions(seed) for seed in range(6)]
    alone = [meteor(p).rows for p in sets]
    with ThreadPoolExecutor(6) as pool:
        together = [score.rows for score in pool.map(meteor, sets)]
    assert all((a == b).all() for a, b in zip(alone, together, strict=True))


def test_no_java(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="apt-get install default-jre-headless"):
        java_command("meteor", "2G")


def test_no_jar():
    pytest.importorskip("pycocoevalcap.meteor.meteor")
    with pytest.raises(UserError, match="pip install --force-reinstall pycocoevalcap"):
        jar_folder("meteor", "meteor-9.jar")


def test_failure_message():
    trace = b'log line\nException in thread "main" java.lang.OutOfMemoryError\n\tat x.y(Z.java)\n'
    assert failure_message(trace) == 'Exception in thread "main" java.lang.OutOfMemoryError'
    assert failure_message(b"first\nlast\n\n") == "last"
    assert failure_message(b"") == "no error message"


@pytest.mark.parametrize("metric", [meteor, spice])
def test_nothing_is_nan(metric):
    assert math.isnan(metric([]).value)


@pytest.mark.parametrize("metric", [meteor, spice])
def test_no_reference_names_the_sample(metric):
    with pytest.raises(DataError, match="'1' has no reference"):
        metric(predict(("red", ["red"]), ("cat", [])))


def counts():
    """Rows of 23 counts: matches no more than words."""
    return st.lists(st.integers(0, 5), min_size=7, max_size=7).map(
        lambda n: [
            n[0] + n[1], n[0] + n[2], 0, 0, n[0], n[0], *[0] * 14, min(n[0], n[3] + 1), n[0], n[0]
        ]
    )  # fmt: skip


@given(st.lists(counts(), min_size=1, max_size=6), st.data())
def test_fold_of_weights_is_the_fold_of_repeated_rows(rows, data):
    table = np.array(rows, dtype=float)
    times = data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)))
    found = fold_many("meteor", table, np.array([times], dtype=float))[0]
    expected = fold("meteor", np.repeat(table, times, axis=0))
    assert found == pytest.approx(expected, nan_ok=True)
    assert math.isnan(found) or 0 <= found <= 1


# What SpiceStats of spice-1.0.jar writes of the tuples {cat} against {cat, red cat}, of {cat}
# against itself and of nothing against nothing, with the subset of colours.
SPICE_JSON = """[{"scores":{"All":{"pr":1.0,"re":0.5,"f":0.6666666666666666,"fn":1,"numImages":1,
"fp":0,"tp":1},"Color":{"pr":0.0,"re":0.0,"f":0.0,"fn":1,"numImages":1,"fp":0,"tp":0}},
"image_id":0},{"scores":{"All":{"pr":1.0,"re":1.0,"f":1.0,"fn":0,"numImages":1,"fp":0,"tp":1},
"Color":{"pr":null,"re":null,"f":null,"fn":0,"numImages":1,"fp":0,"tp":0}},"image_id":1},
{"scores":{"All":{"pr":0.0,"re":0.0,"f":0.0,"fn":0,"numImages":1,"fp":0,"tp":0},"Color":{"pr":null,
"re":null,"f":null,"fn":0,"numImages":1,"fp":0,"tp":0}},"image_id":2}]"""


def test_spice_scores_by_image():
    assert _scores(SPICE_JSON, 3) == [2 / 3, 1, 0]
    assert _scores(json.dumps(json.loads(SPICE_JSON)[::-1]), 3) == [2 / 3, 1, 0]


@pytest.mark.parametrize(
    "text", ["", "{}", "[{}]", "null", SPICE_JSON.replace('"image_id":0', '"image_id":7')]
)
def test_spice_scores_that_cannot_be_read(text):
    with pytest.raises(UserError, match="cannot read the output of the jar"):
        _scores(text, 3)


def test_spice_names_the_models_that_are_missing():
    folder = jar_folder("spice", "spice-1.0.jar")
    if (folder / "lib/stanford-corenlp-3.6.0-models.jar").is_file():
        pytest.skip("the models of CoreNLP are here")
    with pytest.raises(UserError) as caught:
        spice(predict(("red cat", ["red cat"])))
    for part in (
        "stanford-corenlp-3.6.0.jar",
        "-models.jar",
        str(folder / "lib"),
        "nlp.stanford.edu",
    ):
        assert part in str(caught.value)


def test_spice_asks_the_jar_and_cleans_up(spice_home):
    kept = spice_home()
    found = spice(predict(("red 猫", ["two dogs", "red cat"]), ("", ["bird"])))
    assert found.value == 0.25
    assert found.rows.tolist() == [[0.25], [0.25]]
    command, request = json.loads(kept.read_text())
    assert request == [
        {"image_id": 0, "test": "red 猫", "refs": ["two dogs", "red cat"]},
        {"image_id": 1, "test": "", "refs": ["bird"]},
    ]
    assert not Path(command[command.index("-out") + 1]).parent.exists()


def test_spice_tells_why_its_jar_failed(spice_home):
    spice_home(broken=True)
    with pytest.raises(UserError, match="spice: the jar failed: Error: Could not score"):
        spice(predict(("red cat", ["red cat"])))


def test_spice_refuses_a_java_without_its_script_engine(spice_home):
    spice_home(version="17.0.15")
    with pytest.raises(UserError, match=r"Java 8 to 14, but .* is Java 17"):
        spice(predict(("red cat", ["red cat"])))


# Last, because the start of another process takes seconds.
def test_a_killed_process_is_told_and_forgotten(jar):
    predictions = predict(("red cat", ["red cat"]))
    meteor(predictions)
    process = module._process()
    process._java.kill()
    with pytest.raises(UserError, match="meteor: the Java process failed"):
        meteor(predictions)
    assert module._process.cache_info().currsize == 0
    process.close()  # as at the end of Python


@pytest.mark.slow
def test_a_call_after_a_breakdown_starts_another_process(jar):
    test_a_killed_process_is_told_and_forgotten(jar)
    assert meteor(predict(("red cat", ["red cat"]))).value == 1

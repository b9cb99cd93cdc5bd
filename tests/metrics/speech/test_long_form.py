import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mmbench.engine.scoring.measure import measure
from mmbench.errors import DataError, SpecError, UnknownName
from mmbench.metric_names import check_options
from mmbench.metrics.speech import cer, mer, wer, wil
from mmbench.metrics.speech.long_form import JoinOptions, options_in_signature
from mmbench.stats import fold
from mmbench.text.alternatives import join_references, parse, pieces_of, readings
from mmbench.types import Prediction

METRICS = [wer, cer, mer, wil]
JOIN = {"recording": "talk", "order": "start"}
TEXT = st.lists(st.sampled_from(["a", "b", "c", "dog"]), max_size=4).map(" ".join)
CHUNKS = st.lists(st.tuples(TEXT, TEXT, st.sampled_from("xyz")), max_size=10)


def chunk(ident, value, target, talk, start, **fields):
    tags = {"talk": talk, "start": str(start)}
    return Prediction(ident, value, target, tags=tags, **fields)


# A word on the wrong side of a border, and one that is wrong; the counts are by hand.
BORDER = [
    chunk("1", "we met on", "we met", "t", 0),
    chunk("2", "monday two", "on monday too", "t", 4.5),
    chunk("3", "hello", "hello", "u", 0),
]


def test_an_error_at_a_border_counts_once():
    alone, joined = wer(BORDER, "none"), wer(BORDER, "none", options=JOIN)
    assert alone.rows.tolist() == [[1, 2], [2, 3], [0, 1]]
    assert joined.rows.tolist() == [[1, 5], [0, 0], [0, 1]]
    assert joined.value == 1 / 6 and fold(joined.fold, joined.rows) == joined.value
    assert joined.signature.endswith(",joined-by=talk,order=start")
    assert joined.reason == "2 recordings of 3 utterances"
    assert joined.details["substitutions"] == [1, None, 0]


@settings(max_examples=30)
@given(CHUNKS)
def test_equal_to_jiwer_on_the_joined_texts(chunks):
    jiwer = pytest.importorskip("jiwer")
    predictions = [chunk(str(i), said, ref, talk, i) for i, (said, ref, talk) in enumerate(chunks)]
    texts = {}
    for p in predictions:
        sides = texts.setdefault(p.tags["talk"], ([], []))
        sides[0].append(p.target)
        sides[1].append(p.value)
    references, hypotheses = ([" ".join(s[i]) for s in texts.values()] for i in (0, 1))
    if not "".join(references).strip():
        return  # jiwer has a rate without words of references
    words = jiwer.process_words(references, hypotheses)
    letters = jiwer.process_characters(
        *([" ".join(t.split()) for t in side] for side in (references, hypotheses))
    )
    shuffled = random.Random(1).sample(predictions, len(predictions))
    values = [metric(shuffled, "none", options=JOIN).value for metric in METRICS]
    assert values == pytest.approx([words.wer, letters.cer, words.mer, words.wil])


def test_without_order_the_ids_are_ordered_and_numbers_in_them_are_numbers():
    texts = {"t#9.5": "a", "t#10": "b", "t#100": "c", "t": "z"}
    predictions = [chunk(ident, text, "z a b c", "t", 0) for ident, text in texts.items()]
    predictions = [replace(p, target="z a b c" if p.id == "t" else "") for p in predictions]
    scored = wer(predictions, "none", options={"recording": "talk"})
    assert scored.value == 0 and scored.signature.endswith(",joined-by=talk,order=id")


def test_alternatives_are_joined():
    references = [parse("i { um / uh } know"), "well", "", parse("{ a / @ }")]
    joined = readings(pieces_of(join_references(references)))
    assert joined == readings(pieces_of(parse("i { um / uh } know well { a / @ }")))
    predictions = [chunk(str(i), "", one, "t", i) for i, one in enumerate(references)]
    predictions[1] = replace(predictions[1], value="i uh know well a")
    assert wer(predictions, "none", options=JOIN).value == 0


def test_a_list_of_references_is_refused():
    with pytest.raises(DataError, match="list of references"):
        wer([chunk("1", "a", ["a"], "t", 0), chunk("2", "a", "a", "t", 1)], "none", options=JOIN)


def test_the_interval_draws_recordings_or_their_groups():
    alone = [
        chunk(f"{t}-{i}", "a b", "a b" if t < 6 else "a c", str(t), i)
        for t in range(12)
        for i in range(5)
    ]
    low, high = wer(alone, "none", options=JOIN).interval
    assert low < wer(alone, "none").value < high
    grouped = [replace(p, group=f"speaker {int(p.tags['talk']) // 6}") for p in alone]
    wide = wer(grouped, "none", options=JOIN).interval
    assert wide == (0, 0.5) and 0 < low < high < 0.5  # two groups, one without errors
    assert wer([replace(p, group="one") for p in alone], "none", options=JOIN).interval is None


def test_errors_of_options_and_tags():
    with pytest.raises(DataError, match="sample 1 has no tag room"):
        wer(BORDER, "none", options={"recording": "room"})
    with pytest.raises(DataError, match="samples 1 and 2 have one place in recording t: both"):
        wer([BORDER[0], replace(BORDER[1], tags=BORDER[0].tags)], "none", options=JOIN)
    with pytest.raises(UnknownName, match="recordings"):
        check_options("wer[none]", {"recording": "talk", "recordings": "talk"})
    with pytest.raises(SpecError, match="recording"):
        check_options("wer[none]", {"order": "start"})
    check_options("wer[none]", JOIN)
    assert np.isnan(wer([], "none", options=JOIN).value)


def test_the_options_of_a_rate_are_in_its_signature():
    for options in (JOIN, {"recording": "talk"}, {"recording": "a,b", "order": "start"}):
        signature = wer(BORDER, "none", options=JOIN).signature
        if options["recording"] == "talk":
            signature = f"{wer(BORDER, 'none', options=options).signature},cut=4"
        else:
            signature = signature.replace("joined-by=talk", "joined-by=a,b")
        assert options_in_signature(signature) == JoinOptions(**options)
    assert options_in_signature(wer(BORDER, "none").signature) is None


@pytest.mark.parametrize("several", [False, True])
def test_a_recording_of_several_speakers_is_in_no_breakdown(several):
    speakers = ["ann", "bob" if several else "ann", "cy"]
    predictions = [
        replace(p, tags={**p.tags, "speaker": who}) for p, who in zip(BORDER, speakers, strict=True)
    ]
    macro = "wer[none]{macro:speaker}"
    measured = measure(
        ["wer[none]", "wer[basic]"],
        {"": [predictions]},
        breakdowns=["speaker"],
        headline=macro,
        options={"wer[none]": JOIN},
    )
    values = measured.breakdowns["speaker"]
    assert values["cy"]["wer[basic]"].value == 0
    assert ("wer[none]" in values["ann"]) is not several
    note = "no breakdown by speaker: recording t has several"
    assert (note in measured.scores["wer[none]"].reason) is several
    assert measured.scores[macro].value == (None if several else 1 / 10)
    assert measured.scores[macro].reason.startswith(note) is several

"""Quantities in answers, their units and tolerances."""

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmbench
from mmbench.engine.options import RunSettings
from mmbench.engine.rescore import rescore
from mmbench.errors import DataError, SampleError, UserError
from mmbench.metric_names import check_metric, metric
from mmbench.metrics.answers.numbers import check_tolerance, number_accuracy
from mmbench.metrics.answers.quantities import stated_quantity
from mmbench.types import Prediction
from tests.support.files import write_lines, write_task
from tests.support.predictions import predict


def right(tolerance, value, target):
    return number_accuracy(predict((value, target)), tolerance).value == 1


@pytest.mark.parametrize(
    ("text", "number", "dimension"),
    [
        ("5,000 m", 5000, "m"),
        ("It is -3 °C.", 270.15, "K"),
        ("72°F", (72 - 32) * 5 / 9 + 273.15, "K"),  # NIST SP 811, B.8
        ("1.5 × 10^3 kg", 1500, "kg"),
        ("2 mL", 2e-6, "m^3"),
        ("90 km/h", 25, "m/s"),
        ("60 miles per hour", 26.8224, "m/s"),  # NIST SP 811, B.8
        ("3 cm^2", 3e-4, "m^2"),
        ("3 lbs", 1.36077711, "kg"),
        ("3 kilograms", 3, "kg"),
        ("-$5", -5, "USD"),
        ("$1.45", 1.45, "USD"),
        ("45 cents", 0.45, "USD"),
        ("50 percent", 50, "%"),
        ("3/4", 0.75, ""),
        ("2 million", 2e6, ""),
        ("twelve", None, ""),
        ("Five.", 5, ""),
        ("12 apples", 12, ""),
        ("1 km, that is 1000 m", 1000, "m"),
        ("I tried 3 and 4. The answer is 5.", 5, ""),
        ("x = 3, y = 4", 4, ""),
        (r"\boxed{42}, not 7", 42, ""),
        ("3 or 4", None, ""),
        ("10-12", None, ""),
        ("version 1.2.3", None, ""),
        ("1,23", None, ""),
        ("A4 and v1_0", None, ""),
        ("", None, ""),
    ],
)
def test_the_quantity_that_a_text_states(text, number, dimension):
    stated = stated_quantity(text)
    if number is None:
        assert stated is None
    else:
        value, found = stated.in_base()
        assert (value, found) == (pytest.approx(number, rel=1e-9), dimension)


def test_tolerances():
    assert right("0", "0.3", "0.30") and not right("0", "0.31", "0.3")
    assert right("1%", "101", "100") and not right("1%", "101.1", "100")
    assert right("1%", "-99", "-100") and not right("1%", "0.1", "0")
    assert right("0.5", "72 °F", "22 °C") and not right("1%", "72 °F", "22 °C")  # 22.2 °C


def test_units_and_several_references():
    assert right("0", "5", "5 kg") and right("0", "5 kg", "5")
    assert right("0", "500 g", ["1 kg", "0.5 kg"]) and not right("0", "5 kg", "5 m")
    assert not right("0", "$5", "5 €")


def test_what_is_not_read_is_wrong_and_noted():
    scored = number_accuracy(predict(("3 or 4", "4"), ("red", "4"), ("4", "4")), "0")
    assert scored.value == pytest.approx(1 / 3)
    assert scored.reason == "2 of 3 texts state no single number; wrong"
    assert scored.details["answer"] == [None, None, "4"]
    assert scored.signature.startswith("fold=mean,tolerance=0,")


def test_a_reference_without_a_number_is_not_scored():
    with pytest.raises(SampleError, match="sample 0: no number in its reference 'red'"):
        number_accuracy(predict(("4", "red")), "0")
    with pytest.raises(SampleError, match="no number in its reference 'red'"):
        number_accuracy(predict(("blue", "red")), "0")  # whatever the answer is
    for unlimited in ("1e999", "1/0"):
        with pytest.raises(SampleError, match="no number in its reference"):
            number_accuracy(predict(("4", unlimited)), "1%")


def test_stored_rows_can_be_read(tmp_path):
    task = write_task(tmp_path / "mine.yaml", include="answers", metric="number_accuracy[0]")
    rows = [{"id": "a", "question": "?", "answer": "4"}]
    write_lines(tmp_path / "data.jsonl", *rows)
    run = mmbench.score(task, {"a": "It is 4."}, data=tmp_path / "data.jsonl", out=tmp_path).record
    settings = RunSettings(tasks=(str(tmp_path),))
    assert rescore(run.run, settings, out=str(tmp_path)).record.scores.keys() == run.scores.keys()


def test_options_are_refused():
    """The only number among the options is not that of the correct one."""
    target = {"answer": "A", "options": ["none", "5 m"]}
    with pytest.raises(DataError, match="sample 0 has options"):
        number_accuracy(predict(("5 m", target)), "0")


@pytest.mark.parametrize("argument", ["", "x", "-1", "1 %", "%", "1e3"])
def test_an_invalid_tolerance_is_refused(argument):
    with pytest.raises(UserError, match="no tolerance"):
        check_tolerance(argument)


def test_the_tolerance_is_part_of_the_name():
    check_metric("number_accuracy[1%]", "writing")
    function, argument = metric("number_accuracy[0.5]")
    assert function([Prediction("1", "1.4", "1")], argument).value == 1


NUMBERS = st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-3)


@settings(max_examples=40)
@given(NUMBERS, st.sampled_from(["km", "mg", "°C", "min", "%", "$", ""]))
def test_a_number_equals_itself_in_any_unit(number, unit):
    text = f"{number:.4f} {unit}".strip()
    assert right("0", text, text) and right("0", f"It is {text}.", text)
    assert math.isclose(stated_quantity(text).number, float(f"{number:.4f}"))


@pytest.mark.parametrize(
    "text", ["1" * 100_000, "1,111" * 20_000, "1 km " * 20_000, "1/1" * 30_000, "$" * 100_000]
)
def test_hostile_texts_take_no_time(text):
    start = time.process_time()
    stated_quantity(text)
    assert time.process_time() - start < 2

"""Names of scores become keys that both trackers accept, and different names different keys."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.reports.trackers.keys import key_part, run_key, unique_keys

# docs.wandb.ai/models/track/log: names that can be sorted and filtered.
WANDB = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*/[_a-zA-Z][_a-zA-Z0-9]*")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("recall@1[text-to-image]", "recall_at_1_text_to_image"),
        ("recall@1[text-to-image] low", "recall_at_1_text_to_image_low"),
        ("wer[whisper_en]", "wer_whisper_en"),
        ("bleu@4{macro:objects}", "bleu_at_4_macro_objects"),
        ("shapes-vqa", "shapes_vqa"),
        ("5-way", "_5_way"),
    ],
)
def test_keys_are_readable(name: str, part: str) -> None:
    assert key_part(name) == part


def test_names_with_equal_parts_get_different_keys() -> None:
    keys = unique_keys("t", ["wer[a-b]", "wer[a_b]", "cer"])
    assert keys["cer"] == "t/cer"
    assert re.fullmatch(r"t/wer_a_b_[0-9a-f]{6}", keys["wer[a-b]"])
    assert keys["wer[a-b]"] != keys["wer[a_b]"]


def test_letters_that_no_key_may_have_are_distinguished() -> None:
    first, second = key_part("准确率"), key_part("召回率")
    assert first != second
    assert re.fullmatch("_[0-9a-f]{6}", first)


@given(st.text(), st.lists(st.text(), max_size=5, unique=True))
def test_any_names_become_different_legal_keys(section: str, names: list[str]) -> None:
    keys = unique_keys(section, names)
    assert len(set(keys.values())) == len(names)
    for key in keys.values():
        assert WANDB.fullmatch(key)
        assert len(key) <= 250  # MLflow's limit


@given(st.text(), st.text())
def test_mlflow_accepts_the_keys(section: str, name: str) -> None:
    validation = pytest.importorskip("mlflow.utils.validation")
    (key,) = unique_keys(section, [name]).values()
    validation._validate_metric(key, 0.5, 0, 0)
    validation._validate_param(key, "")


def test_run_ids_stay_unless_wandb_refuses_them() -> None:
    own = "20261123-140500-clip-nano-3fa94c"
    assert run_key(own) == own
    for ident in ("a/b", "a?b", "'; drop", "x" * 300, "", "é"):
        assert re.fullmatch(r"[A-Za-z0-9_.-]{1,128}", run_key(ident))
    assert run_key("a/b") != run_key("a?b")

"""Names of scores: their parts, and the declarations of their metrics."""

from __future__ import annotations

import pytest

from mmbench.engine.score_names import (
    ScoreName,
    is_macro,
    macro_name,
    registered_name,
    score_info,
    split_name,
    without_macro,
)
from mmbench.storage.records import read_records
from tests.support.paths import ROOT

NAMES = {
    "recall@1": ScoreName("recall@1", "", ""),
    "recall@1[text-to-image]": ScoreName("recall@1", "text-to-image", ""),
    "wer[basic]": ScoreName("wer[basic]", "", ""),
    "wer[basic]{macro:speaker}": ScoreName("wer[basic]", "", "speaker"),
    "recall@1[text-to-image]{macro:a [b]}": ScoreName("recall@1", "text-to-image", "a [b]"),
    "not registered[x]": ScoreName("not registered[x]", "", ""),
}


@pytest.mark.parametrize(("name", "parts"), NAMES.items())
def test_the_parts_of_a_name(name: str, parts: ScoreName) -> None:
    assert split_name(name, ["", "text-to-image"]) == parts
    assert registered_name(name)[0] == parts
    assert is_macro(name) == bool(parts.tag)
    base = without_macro(name)
    assert name == (macro_name(base, parts.tag) if parts.tag else base)


def test_only_a_registered_metric_has_a_declaration() -> None:
    recall = score_info("recall@1[text-to-image]{macro:place}")
    assert recall is not None
    assert (recall.worst, recall.best) == (0, 1)
    assert score_info("not registered[x]") is None


def test_a_run_and_the_registry_agree_on_all_names_of_this_repository() -> None:
    records = read_records(ROOT / "leaderboards")
    names = {name for record in records for name in record.scores}
    directions = ["text-to-image", "image-to-text", "text-to-audio", "audio-to-text"]
    directions += ["text-to-video", "video-to-text"]
    assert len(names) > 20
    for name in names:
        assert split_name(name, directions) == registered_name(name)[0], name

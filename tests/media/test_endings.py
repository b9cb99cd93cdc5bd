"""Endings of file names: one list for folders of media and for ids that are file names."""

from collections import Counter

import pytest

from mmbench.data.readers.folders import modality_by_ending
from mmbench.datasets.matching import with_sample_ids
from mmbench.media.endings import ENDINGS
from mmbench.types import Outputs, Sample

EACH = [(modality, ending) for modality, endings in ENDINGS.items() for ending in endings]


def test_an_ending_has_one_modality() -> None:
    assert max(Counter(ending for _, ending in EACH).values()) == 1


@pytest.mark.parametrize(("modality", "ending"), EACH)
def test_a_path_with_each_ending_is_a_medium(modality: str, ending: str) -> None:
    assert modality_by_ending(f"folder/a{ending.upper()}") == modality


@pytest.mark.parametrize("ending", [ending for _, ending in EACH])
def test_an_id_may_lack_the_ending_of_its_file(ending: str) -> None:
    samples = [Sample(f"{name}{ending}", {}) for name in ("a", "b")]
    matched = with_sample_ids(samples, Outputs({"b": "x", "a": "y"}))
    assert dict(matched.values) == {f"b{ending}": "x", f"a{ending}": "y"}

"""Stored rankings have only the fields that a task uses."""

import json

import pytest

from mmbench.engine.recording.rows import rows_table, stored_predictions
from mmbench.types import Prediction, Predictions, Ranking


@pytest.mark.parametrize(
    ("ranking", "fields"),
    [
        (Ranking([1, None], [1.0, 2.0]), {"ranks", "grades"}),
        (Ranking([1], [1.0], ["a"], gap=0.5), {"ranks", "grades", "top", "gap"}),
        (Ranking([3], [1.0], subset=[2], failed=1), {"ranks", "grades", "failed", "subset"}),
    ],
)
def test_fields_with_defaults_are_left_out_and_read_back(
    ranking: Ranking, fields: set[str]
) -> None:
    table = rows_table(Predictions({"": [[Prediction("q", ranking)]]}), [])
    assert json.loads(table["value"][0]).keys() == fields
    (read,) = stored_predictions(table).each()
    assert read.value == ranking

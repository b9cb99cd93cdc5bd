"""The shipped recipes: each is a model that exists, with scores of tasks, and a source for each."""

import re

import pytest

from mmbench.engine.loading.models.adapters import (
    registered_class,
    typed_options,
    without_frames_prefix,
)
from mmbench.engine.loading.models.model_ref import parse, recipes
from mmbench.engine.loading.prepare import find_task
from mmbench.engine.options import RunSettings
from mmbench.engine.score_names import score_names
from mmbench.spec import packaged_tasks
from mmbench.validation.named_values import grouped_options
from tests.support.paths import ROOT

NAMES = sorted(recipes())
# A file of a repository, or of a model, at a commit.
SOURCE = re.compile(r"https://(github\.com|huggingface\.co)/[\w.-]+/[\w.-]+/blob/[0-9a-f]{40}/\S+")


def test_recipes_are_shipped_from_their_folder() -> None:
    assert {path.name for path in (ROOT / "recipes").iterdir()} == set(NAMES)
    assert len(NAMES) >= 8


@pytest.mark.parametrize("name", NAMES)
def test_the_adapter_has_the_options(name: str) -> None:
    recipe = parse(name)
    assert recipe.is_recipe
    cls, bound = registered_class(without_frames_prefix(recipe.adapter), recipe.checkpoint)
    options = {**bound, **recipe.options}
    options.pop("frames", None) if recipe.adapter.startswith("frames+") else None
    typed = typed_options(recipe.adapter, cls, options)
    assert grouped_options(cls, typed) is not None  # raises for values out of range
    assert recipe.checkpoint


@pytest.mark.parametrize("name", NAMES)
def test_its_scores_are_those_of_packaged_tasks(name: str) -> None:
    recipe = parse(name)
    assert recipe.published
    for entry in recipe.published:
        assert entry.task in packaged_tasks()
        spec, kind = find_task(entry.task, RunSettings())
        names = score_names(spec.metrics, kind.directions(), spec.breakdowns)
        assert entry.scores.keys() <= set(names)
        assert all(0 < value < 1 for value in entry.scores.values())
        assert 0 < entry.tolerance <= 0.01


@pytest.mark.parametrize("name", NAMES)
def test_each_fact_has_a_source(name: str) -> None:
    recipe = parse(name)
    assert SOURCE.match(recipe.source), recipe.source
    for entry in recipe.published:
        assert SOURCE.match(entry.source), entry.source
    assert recipe.notes.startswith("not run by us. ")

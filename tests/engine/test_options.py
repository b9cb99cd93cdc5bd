"""Run options from flags and from the arguments of the Python interface."""

from pathlib import Path

import numpy as np
import pytest

from mmbench.engine.options import options_from
from mmbench.errors import UserError


def test_values_of_a_program_become_those_of_a_run() -> None:
    """Seeds of a loop over np.arange, folders as paths; a record cannot hold NumPy's numbers."""
    given = {"seed": np.int64(3), "limit": np.int32(5), "tasks": (Path("mine"), "yours")}
    options = options_from({**given, "data": "x", "unknown": 1}, {"index": None}, {})
    assert (options.seed, options.limit) == (3, 5)
    assert {type(options.seed), type(options.limit)} == {int}
    assert options.settings == {}
    assert (options.tasks, options.data) == (("mine", "yours"), Path("x"))


def test_options_of_a_model_stay_the_same_objects() -> None:
    values: dict[str, object] = {"net": object(), "sizes": (1, 2), "seed": np.int64(3)}
    options = options_from({"model_options": values}, {}, {})
    assert all(options.model_options[name] is value for name, value in values.items())


def test_a_value_of_another_type_is_refused() -> None:
    with pytest.raises(UserError, match=r"^invalid seed: Expected `int`, got `str`$"):
        options_from({"seed": "three"}, {}, {})


@pytest.mark.parametrize("name", ["batch_size", "limit", "max_tokens"])
@pytest.mark.parametrize("value", [0, -1])
def test_a_number_below_one_is_refused(name: str, value: int) -> None:
    with pytest.raises(UserError, match=f"^invalid {name}: Expected `int` >= 1$"):
        options_from({name: value}, {}, {})

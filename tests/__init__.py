import pytest

pytest.register_assert_rewrite("tests.support")  # a builder that fails shows its values

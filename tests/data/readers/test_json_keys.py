"""A key that stands twice in a JSON object: JSON readers keep its last value and say nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

import mmbench
from mmbench.data.readers.json_files import decode_json
from mmbench.errors import DataError

FILE = Path("x.json")
TWICE = [
    '{"cat": 0.9, "cat": 0.1}',
    '{"a": 1, "b": {"c": [{"d": 1, "d": 1}]}}',  # deep, and with one value
    '{"a": 1, "\\u0061": 2}',  # one key in two spellings
    '{"": 1, "": 2}',
    '{"a:b": 1, "a:b": ":"}',
    '{"x": "a\\u003ab", "a": 1, "a": 2}',  # a colon that is gained where another is lost
    '{"n": 123456789012345678901234567890, "a": 1, "a": 2}',
]


@pytest.mark.parametrize("text", TWICE)
@pytest.mark.parametrize("form", ["{}", "[{}]", " [1, {}]\n"])
def test_a_key_that_stands_twice_is_refused(text: str, form: str) -> None:
    with pytest.raises(DataError, match=r"^x\.json line 3: each key .* must occur once"):
        decode_json(form.replace("{}", text).encode(), Any, FILE, line=3)


@pytest.mark.parametrize(
    "as_type", [Any, object, dict[str, Any], dict[str, object], dict[str, Raw]]
)
def test_whatever_is_decoded(as_type: Any) -> None:
    with pytest.raises(DataError, match="repeated: a; remove or rename"):
        decode_json(b'{"a": [1], "a": [2]}', as_type, FILE)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
).filter(lambda value: "inf" not in repr(value))


@given(json_values, st.booleans())
def test_an_object_with_each_key_once_is_read(value: Any, ascii_only: bool) -> None:
    try:
        data = json.dumps(value, ensure_ascii=ascii_only).encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return
    assert decode_json(data, Any, FILE) == value


@pytest.mark.parametrize(
    ("task", "references", "outputs"),
    [
        ("labels", {"a": "cat", "b": "dog"},
         '{"a": {"cat": 0.9, "cat": 0.1, "dog": 0.5}, "b": {"cat": 0.1, "dog": 0.9}}'),
        ("answers", {"a": "x", "b": "y"}, '[{"id": "a", "value": "x", "value": "z"}]'),
        ("pairs", {"a": {"d": 1}, "b": {"d": 1}}, '{"a": ["d"], "b": [], "b": ["d"]}'),
    ],
)  # fmt: skip
def test_outputs_with_a_value_given_twice(
    tmp_path: Path, task: str, references: dict[str, Any], outputs: str
) -> None:
    data, file = tmp_path / "ref.json", tmp_path / "out.json"
    data.write_text(json.dumps(references))
    file.write_text(outputs)
    with pytest.raises(DataError, match=r"out\.json: each key of an object must occur once"):
        mmbench.score(task, file, data=data)


@pytest.mark.parametrize("text", ['{"q": {"d": 1, "d": 0}}', '{"q": {"d": 1}, "q": {"e": 1}}'])
def test_judgements_given_twice(tmp_path: Path, text: str) -> None:
    data = tmp_path / "ref.json"
    data.write_text(text)
    with pytest.raises(DataError, match=r"ref\.json: each key of an object must occur once"):
        mmbench.score("pairs", {"q": ["d"]}, data=data)

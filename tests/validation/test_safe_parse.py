"""JSON and YAML of unknown origin: deep nesting and aliases end in one line, whoever reads them."""

import gzip
import lzma
import os
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mmbench.checkpoints.resolve import resolve
from mmbench.cli.parser.options import model_options
from mmbench.data.mapping.choices import parse_options
from mmbench.data.published.vqa import vqa
from mmbench.data.readers.json_files import decode_json
from mmbench.data.readers.library.local import load_local
from mmbench.data.readers.table_files import read_records
from mmbench.engine.loading.data.outputs import read_outputs
from mmbench.engine.loading.models.adapter_guess import refuse_bare_checkpoint
from mmbench.errors import DataError, ModelError, SpecError, UserError
from mmbench.models.support.library_messages import loading
from mmbench.reference.checkpoints.folder import load_weights
from mmbench.spec import load_task, task_summary
from mmbench.storage.records import read_record
from mmbench.validation.safe_parse import (
    MAX_NESTING,
    TooDeep,
    parse_json,
    parse_yaml,
    refuse_deep_lines,
)
from tests.support.errors import one_line_error

pytestmark = pytest.mark.usefixtures("own_datasets")

DEEP = "[" * 100_000 + "]" * 100_000


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def laughs() -> str:
    """Ten lists, each of nine aliases of the one before: a billion values."""
    names = "abcdefghij"
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in pairwise(names)]
    return "\n".join(lines)


def test_values_may_be_nested_up_to_the_limit() -> None:
    expected = parse_json(nested(MAX_NESTING))
    assert parse_yaml(nested(MAX_NESTING)) == expected
    for refused in (nested(MAX_NESTING + 1), nested(900), DEEP, '{"a":' * 100_000, "[" * 100_000):
        with pytest.raises(TooDeep, match="nested more than 100 deep"):
            parse_json(refused.encode())
        with pytest.raises(ValueError, match="nested more than 100 deep"):
            parse_yaml(refused)


def test_a_value_within_a_type_has_the_limit_too() -> None:
    class Row(msgspec.Struct):
        cells: dict[str, Any] = {}
        raw: msgspec.Raw = msgspec.Raw(b"0")

    for text in (f'{{"cells": {{"a": {nested(200)}}}}}', f'{{"raw": {DEEP}}}', f'{{"b": {DEEP}}}'):
        with pytest.raises(TooDeep):
            parse_json(text, Row)
    for anything in (object, dict[str, object]):
        with pytest.raises(TooDeep):
            parse_json(f'{{"a": {nested(200)}}}', anything)


def test_aliases_of_yaml_are_values_that_are_counted() -> None:
    assert parse_yaml("a: &a {b: [1, 2]}\nc: *a\nd: {<<: *a, e: 3}")["d"] == {"b": [1, 2], "e": 3}
    with pytest.raises(ValueError, match="expand to more than 1,000,000 values"):
        parse_yaml(laughs())
    for text in ("&a [*a]", "&a {b: {c: *a}}", "a: &a {<<: *a}"):
        with pytest.raises(ValueError, match=r"\*a is inside its own value"):
            parse_yaml(text)


@pytest.mark.parametrize(
    "value",
    ["2020-99-99", "!!bool maybe", "!!timestamp x", '!!int ""', "9" * 5000, "!!float x", "\ud800"],
)
def test_a_yaml_value_that_does_not_fit_its_type_is_an_error_of_one_line(value: str) -> None:
    with one_line_error(ValueError, match="not valid YAML"):
        parse_yaml(f"a: {value}")


def test_half_of_a_character_in_json_is_named(tmp_path: Path) -> None:
    for escape in ("\\ud800", "\\udce9", "a\\uD83Db"):
        data = f'{{"a":\n "{escape}"}}'.encode()
        with pytest.raises(DataError, match=r"f.json: line 2 .* is half of a character"):
            decode_json(data, dict[str, Any], tmp_path / "f.json")
    assert decode_json(b'"\\ud83d\\ude00"', str, tmp_path) == "😀"


def test_every_reader_of_a_deep_file_names_it(tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_text(DEEP)
    (tmp_path / "deep.jsonl").write_text(f'{{"id": 1, "value": {DEEP}}}\n')
    (tmp_path / "deep.yaml").write_text(f"data: {DEEP}")
    (tmp_path / "laughs.yaml").write_text(laughs())
    model = tmp_path / "model"
    model.mkdir()
    for name in ("adapter_config.json", "model_index.json", "model.safetensors.index.json"):
        (model / name).write_text(f'{{"a": {DEEP}}}')
    for name in ("deep.json", "deep.jsonl"):
        for read in (read_records, read_outputs, vqa):
            with pytest.raises(DataError, match=name):
                read(tmp_path / name)
    for name in ("deep.yaml", "laughs.yaml"):
        with pytest.raises(SpecError, match=name):
            load_task(str(tmp_path / name))
    with pytest.raises(ModelError, match="model_index"):
        resolve(str(model))
    with pytest.raises(DataError, match="not a run record"):
        read_record(f'{{"schema": 1, "notes": {DEEP}}}'.encode(), "run.json")
    with pytest.raises(UserError, match=r"--model-arg size=.*nested more than"):
        model_options([f"size={DEEP}"])


def test_a_checkpoint_with_a_deep_or_endless_file_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(f'{{"model": {DEEP}}}')
    os.mkfifo(tmp_path / "vocab.json")
    with pytest.raises(UserError, match="without the name of its adapter"):
        refuse_bare_checkpoint(str(tmp_path))
    faults = r"config\.json: values are nested .*vocab\.json: .* is a pipe"
    with pytest.raises(ModelError, match=faults), loading(tmp_path, "parts"):
        raise ValueError("broken")


def test_a_task_file_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_bytes(b"summary: caf\xe9")
    assert task_summary(tmp_path / "bad.yaml").startswith("cannot be read: ")
    with pytest.raises(ModelError, match="is a folder, not a regular file"):
        load_weights(None, tmp_path)  # type: ignore[arg-type]


def test_lines_of_json_for_another_library_are_looked_through(tmp_path: Path) -> None:
    """pyarrow's reader of JSON ends the process by a signal."""
    for bad in (
        ["["] * 101,
        ["[\n"] * 101,
        ['["]"\n'] * 101,
        ['{"a":\n'] * 101,
        ['["\\"]",\n'] * 101,
    ):
        with pytest.raises(TooDeep):
            refuse_deep_lines(line.encode() for line in bad)
    flat = [
        "[]" * 1000,
        '{"a": [' + "[1]," * 1000 + "[]]}",
        f'"{"[" * 1000}"',
        "]" * 1000,
        "{" * 99,
    ]
    refuse_deep_lines(line.encode() for line in flat)
    refuse_deep_lines([b'"' + b'\\"' * 1_000_000])  # no end of the string, in linear time
    (tmp_path / "deep.jsonl").write_text(f'{{"text": {DEEP}}}\n')
    for place in (tmp_path / "deep.jsonl", tmp_path):
        with pytest.raises(DataError, match=r"deep\.jsonl line 1: values are nested more than 100"):
            load_local(place, None, "train")


def test_whatever_the_library_reads_is_looked_through(tmp_path: Path) -> None:
    """Packed, in an archive, or named by a README: deep JSON ends no process."""
    deep = f'{{"text": {nested(150)}}}\n'.encode()
    for place, written in {
        "gzip/a.jsonl.gz": gzip.compress(deep),
        "xz/a.jsonl.xz": lzma.compress(deep),
        "other/a.ndjson": deep,
        "hidden/.a.jsonl": deep,
    }.items():
        (tmp_path / place).parent.mkdir()
        (tmp_path / place).write_bytes(written)
    hidden = '---\nconfigs: [{config_name: default, data_files: ".a.jsonl"}]\n---\n'
    (tmp_path / "hidden/README.md").write_text(hidden)
    (tmp_path / "zip").mkdir()
    with zipfile.ZipFile(tmp_path / "zip/a.zip", "w") as archive:
        archive.writestr("b.jsonl", deep)
    for folder in ("gzip", "xz", "other", "hidden", "zip"):
        with pytest.raises(DataError, match=r"a\.\w+.*: values are nested more than 100"):
            load_local(tmp_path / folder, None, "train")


def test_a_data_set_that_the_library_cannot_read_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "a"}\n' * 9 + b'{"text": \n')
    with pytest.raises(DataError, match=r"a\.jsonl: line 10 column 10 "):
        load_local(tmp_path, None, "train")
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "a"}\n')
    for name, content in (
        ("README.md", "---\nconfigs: [{config_name: 5}]\n---\n"),
        ("dataset_dict.json", DEEP),
        ("dataset_dict.json", "[]"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(DataError, match=r"cannot be read: (\w+Error: |values are nested)"):
            load_local(tmp_path, None, "train")
        (tmp_path / name).unlink()


@pytest.mark.parametrize(
    "text",
    [DEEP, nested(150) + "+", "{{}}", "['\\ud800', 'b']", "('a', {['b']: 1})", "-" * 9999 + "1"],
)
def test_a_cell_that_is_no_list_of_options_is_none(text: str) -> None:
    assert parse_options(text) is None
    assert parse_options("['a', 'caf\\xe9']") == ["a", "café"]

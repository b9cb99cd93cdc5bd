"""Validation of external input: JSON, YAML, compressed files, special files, named options."""

from mmbench.validation.named_values import as_struct
from mmbench.validation.regular_files import read_regular
from mmbench.validation.safe_parse import parse_json, parse_yaml

__all__ = ["as_struct", "parse_json", "parse_yaml", "read_regular"]

"""Values in the form that Every Eval Ever stores."""

from __future__ import annotations

from typing import Any

from mmbench.validation.safe_parse import encode_json

SCHEMA_VERSION = "0.3.0"


def strings(values: dict[str, Any]) -> dict[str, str]:
    """Return values as strings, because details have no other type: JSON for lists and objects.

    Values that are None or empty are left out.
    """
    return {
        key: value if isinstance(value, str) else encode_json(value).decode()
        for key, value in values.items()
        if value not in (None, "", {}, [])
    }

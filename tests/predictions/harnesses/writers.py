"""Files as other harnesses write them; each function follows the writer that it cites."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.support.files import write_file


def as_strings(value: Any) -> Any:
    """Return nested lists with strings, as `sanitize_list` of lm-eval and lmms-eval does."""
    return [as_strings(v) for v in value] if isinstance(value, list | tuple) else str(value)


def doc_hash(doc: Mapping[str, Any]) -> str:
    """Return the hash of a row as `evaluate` in both `evaluator.py` computes it."""
    text = json.dumps(doc, indent=2, default=str, ensure_ascii=False)
    return sha256(text.encode()).hexdigest()


def lmms_eval(path: Path, examples: Sequence[Mapping[str, Any]]) -> Path:
    """Write samples as `save_results_samples` of lmms-eval (75571cfe) does.

    An example has `doc_id`, `doc`, `target`, `arguments` (a flat list), `resps` and
    `filtered_resps` (a list per request), metrics, and perhaps `input_media`: the dict `example` of
    `lmms_eval/evaluator.py`.
    """
    lines = []
    for example in examples:
        sample = dict(example) | {"token_counts": [None], "doc_hash": doc_hash(example["doc"])}
        sample["input"] = sample["arguments"][0]
        sample["resps"] = as_strings(sample["resps"])
        sample["filtered_resps"] = as_strings(sample["filtered_resps"])
        if len(sample["resps"]) == 1:
            sample["resps"] = sample["resps"][0]
        if len(sample["filtered_resps"]) == 1:
            sample["filtered_resps"] = sample["filtered_resps"][0]
        raw, filtered = sample["resps"], sample["filtered_resps"]
        if raw == filtered or (isinstance(raw, list) and len(raw) == 1 and raw[0] == filtered):
            del sample["resps"]
        sample["target"] = str(sample["target"])
        del sample["arguments"], sample["doc"]
        lines.append(json.dumps(sample, default=str, ensure_ascii=False) + "\n")
    return write_file(path, "".join(lines))

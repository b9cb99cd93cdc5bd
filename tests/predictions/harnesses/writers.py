"""Files as other harnesses write them; each function follows the writer that it cites."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.support.files import write_file, write_lines


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


def lm_eval(path: Path, examples: Sequence[Mapping[str, Any]]) -> Path:
    """Write samples as `save_results_samples` of lm-eval (4e7e0d47) does.

    An example is the dict `example` of `lm_eval/evaluator.py` without the hashes: `arguments` is a
    list of tuples, `resps` and `filtered_resps` have one item per request.
    """
    lines = []
    for example in examples:
        sample = dict(example) | {
            "doc_hash": doc_hash(example["doc"]),
            "prompt_hash": sha256(str(example["arguments"][0][0]).encode()).hexdigest(),
            "target_hash": sha256(str(example["target"]).encode()).hexdigest(),
        }
        sample["arguments"] = {
            f"gen_args_{i}": {f"arg_{j}": part for j, part in enumerate(request)}
            for i, request in enumerate(example["arguments"])
        }
        sample["resps"] = as_strings(sample["resps"])
        sample["filtered_resps"] = as_strings(sample["filtered_resps"])
        sample["target"] = str(sample["target"])
        lines.append(json.dumps(sample, default=str, ensure_ascii=False) + "\n")
    return write_file(path, "".join(lines))


def vlmevalkit(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write a table as `dump` in VLMEvalKit's `vlmeval/smp/file.py` (e8e78f05) does.

    pandas writes a missing cell as an empty cell in Excel and TSV and as NaN in JSON; `to_csv` with
    QUOTE_ALL quotes all cells; `to_excel` cuts no text itself, but a cell holds 32,767 characters.
    """
    columns = list(rows[0])
    if path.suffix == ".json":
        records = [{c: float("nan") if r[c] is None else r[c] for c in columns} for r in rows]
        return write_file(path, json.dumps(records, indent=4, ensure_ascii=False))
    if path.suffix == ".xlsx":
        from openpyxl import Workbook

        book = Workbook()
        book.active.append(columns)
        for row in rows:
            cells = [row[c] for c in columns]
            book.active.append([c[:32767] if isinstance(c, str) else c for c in cells])
        book.save(path)
        return path
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter="\t", quoting=csv.QUOTE_ALL)
        writer.writerow(columns)
        writer.writerows([["" if row[c] is None else row[c] for c in columns] for row in rows])
    return path


def chat_message(role: str, content: Any) -> dict[str, Any]:
    """Return a message as EvalScope and inspect_ai store it."""
    return {"id": "a1b2c3d4", "content": content, "source": None, "role": role}


def chat_output(text: Any, error: str | None = None) -> dict[str, Any]:
    """Return a model output as `ModelOutput` of EvalScope and inspect_ai is dumped."""
    message = chat_message("assistant", text)
    choices = [] if text is None else [{"message": message, "stop_reason": "stop"}]
    return {"model": "m", "choices": choices, "usage": None, "error": error}


def evalscope_predictions(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write predictions as `save_prediction_cache` of EvalScope (fde259d2) does: `ModelResult`.

    A row has `index`, `messages` and `model_output`.
    """
    lines = [
        {
            "index": row["index"],
            "model": "m",
            "model_output": row["model_output"],
            "messages": row["messages"],
            "agent_trace": None,
            "metadata": row.get("metadata", {}),
        }
        for row in rows
    ]
    return write_lines(path, *lines)


def evalscope_reviews(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write reviews as `save_review_cache` of EvalScope (fde259d2) does: `ReviewResult`.

    A row has `index`, `target`, `messages`, `prediction`, `extracted`, `value` (the scores), and
    perhaps `group_id` and `generation_index`.
    """
    lines = [
        {
            "index": row["index"],
            "target": row["target"],
            "messages": row["messages"],
            "agent_trace": None,
            "sample_score": {
                "score": {
                    "value": row["value"],
                    "status": "success",
                    "judge_summary": None,
                    "extracted_prediction": row["extracted"],
                    "prediction": row["prediction"],
                    "explanation": None,
                    "metadata": {},
                    "main_score_name": next(iter(row["value"])),
                },
                "sample_id": row["index"],
                "group_id": row.get("group_id", row["index"]),
                "generation_index": row.get("generation_index"),
                "sample_metadata": {},
            },
        }
        for row in rows
    ]
    return write_lines(path, *lines)


def inspect_log(path: Path, samples: Sequence[Mapping[str, Any]], **log: Any) -> Path:
    """Write a log as `eval_log_json` of inspect_ai (499e6152) does: `EvalLog` with `EvalSample`s.

    A sample has `id`, `input`, `target`, `output` and perhaps other fields. Missing values are left
    out of the dump (`exclude_none`), and NaN is written as a constant.
    """
    full = [
        {"epoch": 1, "messages": [], "scores": {}, "metadata": {}, "store": {}, "events": []}
        | {"attachments": {}}
        | dict(sample)
        for sample in samples
    ]
    content = {
        "version": 2,
        "status": "success",
        "eval": {"task": "t", "model": "m", "dataset": {"name": "d"}},
        "plan": {"name": "plan", "steps": []},
        "results": {"total_samples": len(full), "scores": []},
        "stats": {},
        "samples": full,
    }
    return write_file(path, json.dumps(content | log, indent=2))


def open_asr(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write a manifest as `write_manifest` of open_asr_leaderboard (d1e99b25) does.

    A row has `text` and `pred_text`, and perhaps `audio_filepath`, `duration`, `time` and further
    fields such as `parent_id` and `chunk_index`.
    """
    lines = []
    for idx, row in enumerate(rows):
        fixed = {
            "audio_filepath": row.get("audio_filepath") or f"sample_{idx}",
            "duration": row.get("duration"),
            "time": row.get("time"),
            "text": row["text"],
            "pred_text": row["pred_text"],
        }
        lines.append(fixed | {name: v for name, v in row.items() if name not in fixed})
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    return write_file(path, text)


def mteb(path: Path, predictions: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write predictions as `_save_task_predictions` of mteb (a905523d) does.

    `predictions` are by subset and split.
    """
    meta = {"mteb_model_meta": {"model_name": "m", "revision": "r"}}
    return write_file(path, json.dumps(meta | dict(predictions)))

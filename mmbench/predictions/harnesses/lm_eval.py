"""Samples of lm-evaluation-harness and of lmms-eval: `samples_*.jsonl`, `*_samples_*.jsonl`.

The fields were read in the programs that write them:

- EleutherAI/lm-evaluation-harness at 4e7e0d47 (2026-08-21, version 0.4.13.dev0):
  `lm_eval/evaluator.py` (`evaluate`, the dict `example`), `lm_eval/loggers/evaluation_tracker.py`
  (`save_results_samples`), `lm_eval/result_schema.py` (`SampleResult`), `lm_eval/api/task.py`
  (`construct_requests`, `process_results`), `lm_eval/models/api_models.py` (`JsonChatStr`);
- EvolvingLMMs-Lab/lmms-eval at 75571cfe (2026-08-06, version 0.7.2): `lmms_eval/evaluator.py`
  (`evaluate`, the dict `example`), `lmms_eval/loggers/evaluation_tracker.py`
  (`save_results_samples`).

Both write one line per sample and filter. `resps` holds the model's outputs by request and repeat,
`filtered_resps` the output of the filter by request. All values in these lists are strings; a
request for a likelihood has the strings [log-likelihood, whether greedy]. lmms-eval drops the outer
list of a single request, drops `resps` if it equals `filtered_resps`, names no filter, and stores
neither the row of the data set (`doc`) nor the requests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from mmbench.errors import DataError
from mmbench.predictions.harnesses.aggregates import lm_eval_scores
from mmbench.predictions.harnesses.chat import prompt_text
from mmbench.predictions.harnesses.json_values import (
    Cells,
    as_cells,
    decode_lines,
    decode_messages,
    is_text_list,
    media_names,
    score_values,
    short_tags,
)
from mmbench.predictions.harnesses.likelihoods import (
    continuations,
    has_numbered_targets,
    likeliest,
    likelihood,
    rated_options,
    requests,
)
from mmbench.predictions.harnesses.results import HarnessResults, HarnessSample
from mmbench.storage.content_keys import digest
from mmbench.text import count

LM_EVAL, LMMS_EVAL = "lm-eval", "lmms-eval"
_FIELDS = {"doc_id", "filtered_resps", "doc_hash"}
# The keys of a line that are not the name of a metric.
_NO_METRICS = {
    *_FIELDS,
    *("doc", "target", "arguments", "resps", "filter", "metrics", "prompt_hash", "target_hash"),
    *("input", "input_media", "token_counts"),
}


class _Answer(NamedTuple):
    """One output of the model for a sample, and the answer that was taken from it."""

    raw: Any
    extracted: Any


def is_samples(cells: Cells) -> bool:
    """Return whether a line was written by lm-eval or lmms-eval, judging by its keys."""
    return cells.keys() >= _FIELDS


def read_samples(data: bytes, path: Path) -> HarnessResults:
    """Read the lines of a file of samples. Raises DataError, with the line, for other contents."""
    lines = decode_lines(data, path)
    harness = LM_EVAL if {"filter", "prompt_hash", "arguments"} & lines[0][1].keys() else LMMS_EVAL
    numbered = has_numbered_targets(cells for _, cells in lines)
    samples = [
        sample
        for number, cells in lines
        for sample in _samples(cells, f"{path} line {number}", numbered)
    ]
    rated = sum(rated_options(cells) is not None for _, cells in lines)
    scores = lm_eval_scores(path)
    return HarnessResults(harness, samples, scores, _notes(rated), digest(data).hex())


def _notes(rated: int) -> list[str]:
    if not rated:
        return []
    verb = "is" if rated == 1 else "are"
    return [
        f"{count(rated, 'answer')} {verb} the option of highest log-likelihood, not normalised by"
        " length"
    ]


def _samples(cells: Cells, where: str, numbered: bool) -> list[HarnessSample]:
    """Return a sample for each repeat in a line.

    `where` is the place of the line in messages; `numbered` says whether targets are the numbers of
    options.
    """
    row = cells.get("doc_id")
    if not is_samples(cells) or type(row) is not int:
        raise DataError(f"{where}: no doc_id, doc_hash or filtered_resps, unlike the first line")
    answers = _answers(cells, where)
    doc = as_cells(cells.get("doc"))
    sample = HarnessSample(
        row,
        str(row),
        prompt=_prompt(cells),
        reference=_reference(cells, numbered),
        scores=score_values({n: cells[n] for n in _metric_names(cells)}),
        media=list(dict.fromkeys(media_names([cells.get("input_media"), doc]))),
        tags={**_ids_in_scores(cells), **short_tags(doc), **_filter(cells)},
    )
    repeats = [{"repeat": str(n)} if len(answers) > 1 else {} for n in range(1, len(answers) + 1)]
    return [
        replace(sample, raw=a.raw, extracted=a.extracted, tags=sample.tags | repeat)
        for a, repeat in zip(answers, repeats, strict=True)
    ]


def _ids_in_scores(cells: Cells) -> dict[str, str]:
    """Return the ids in scores such as {"question_id": 7, "score": 1.0}, as lmms-eval has them."""
    scores = [cells[name] for name in _metric_names(cells) if isinstance(cells[name], dict)]
    named = {n: s[n] for s in scores for n in s if n == "id" or n.endswith("_id")}
    return short_tags(named)


def _filter(cells: Cells) -> dict[str, str]:
    name = cells.get("filter")
    return {"filter": name} if isinstance(name, str) else {}


def _metric_names(cells: Cells) -> list[str]:
    named = cells.get("metrics")
    if is_text_list(named):
        return [name for name in named if name in cells]
    return [name for name in cells if name not in _NO_METRICS]


def _answers(cells: Cells, where: str) -> list[_Answer]:
    """Return the answers of a sample: one, or one per repeat."""
    filtered, raw = cells["filtered_resps"], cells.get("resps")
    rated = rated_options(cells)
    if rated is not None:
        option = likeliest(rated, continuations(cells))
        return [_Answer(option, option)]
    single = filtered[0] if isinstance(filtered, list) and len(filtered) == 1 else filtered
    if likelihood(single) is not None:
        raise DataError(
            f"{where}: filtered_resps is the likelihood of one text, not an answer; mmbench scores"
            " answers and choices between options"
        )
    outputs = _texts(raw if "resps" in cells else filtered)
    chosen = _texts(filtered)
    if outputs and len(chosen) == len(outputs):
        return [_Answer(*pair) for pair in zip(outputs, chosen, strict=True)]
    extracted = chosen[0] if len(chosen) == 1 else chosen or None
    return [_Answer(output, extracted) for output in outputs] or [_Answer(None, extracted)]


def _texts(value: object) -> list[str]:
    """Return the strings in nested lists, in order."""
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return [value] if isinstance(value, str) else []


def _prompt(cells: Cells) -> str:
    """Return the text of the prompt.

    For models behind an endpoint with chats, lm-eval stores the messages as JSON, as the only item
    of a list.
    """
    sent = requests(cells)
    prompt = cells.get("input", sent[0].get("arg_0") if sent else "")
    if is_text_list(prompt) and len(prompt) == 1:
        return prompt_text(decode_messages(prompt[0]))
    return prompt if isinstance(prompt, str) else ""


def _reference(cells: Cells, numbered: bool) -> object:
    """Return the reference: a string, or a list of strings.

    Both harnesses write str(target). With `numbered`, the number of an option is replaced by the
    text of the option.
    """
    target = cells.get("target")
    options = continuations(cells)
    return options[int(target)] if numbered and options and isinstance(target, str) else target

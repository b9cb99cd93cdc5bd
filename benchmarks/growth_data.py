"""Generated data files of any size, and commands on them, for `benchmarks.growth`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

_WORDS = 8_000  # size of the vocabulary of captions and answers
_MODEL = """
import numpy as np
import pyarrow as pa
import mmbench
from mmbench.datasets import sample_columns

@mmbench.register("model", "counter")
class Counter:
    modalities = frozenset({"text"})
    def __init__(self, *_, **__): pass
    def embed(self, items, modality, role):
        sizes = np.fromiter(map(len, items), np.float32, len(items))
        return np.stack([sizes, sizes % 7, sizes % 5, sizes % 3 + 1, *[np.ones_like(sizes)] * 4], 1)

@mmbench.register("data", "lines")
def lines(root):
    rows = pa.ipc.open_file(pa.memory_map(str(root))).read_all()
    cut = max(1, rows.num_rows // 200)
    queries, corpus = (
        sample_columns(part["id"], {"text": part["text"]}) for part in (rows[:cut], rows[cut:])
    )
    return mmbench.RetrievalData(queries, corpus, {s.id: {corpus[0].id: 1.0} for s in queries})
"""
_RUN_TASK = """name: lines
kind: retrieval
directions: query-to-corpus
data: {source: lines}
fields: {query: text, corpus: text}
metrics: [recall@1, recall@10, mrr]
headline: recall@1
"""
_TOP1 = """include: labels
name: top1
data: {{source: labels, classes: [{names}]}}
metrics: [accuracy@1]
"""


def texts(folder: Path, n: int) -> list[str]:
    """Return a `run` command for a letter-counting model on n texts, of which 1/200 are queries."""
    columns = {"id": [f"t{row}" for row in range(n)], "text": _sentences(n)}
    schema = pa.schema([(name, pa.large_string()) for name in columns])
    with pa.OSFile(str(folder / "lines.arrow"), "w") as sink, pa.ipc.new_file(sink, schema) as out:
        out.write_table(pa.table(columns, schema))
    (folder / "counter.py").write_text(_MODEL)
    _task(folder, "lines", _RUN_TASK)
    plugin = ["--plugin", str(folder / "counter.py"), "--data", str(folder / "lines.arrow")]
    return ["run", "-m", "counter", "-t", "lines", *plugin, *_where(folder)]


def answers(folder: Path, n: int, seed: int = 0) -> list[str]:
    """Return a `score` command for n short answers in JSON lines, partly correct: exact match."""
    draws = np.random.default_rng(seed)
    right, guesses = (draws.integers(0, 50, n).tolist() for _ in range(2))
    with (folder / "data.jsonl").open("w") as data:
        for row in range(n):
            data.write(
                f'{{"id": "q{row}", "question": "How many in {row}?", "answer": "{row % 50}"}}\n'
            )
    with (folder / "outputs.jsonl").open("w") as outputs:
        for row in range(n):
            value = row % 50 if right[row] < 30 else guesses[row]
            outputs.write(f'{{"id": "q{row}", "value": "{value}"}}\n')
    _task(folder, "exact", "include: answers\nname: exact\nmetrics: [exact_match]\n")
    return _score(folder, "exact", "data.jsonl", "outputs.jsonl")


def captions(folder: Path, n: int) -> list[str]:
    """Return a `score` command for n captions with one reference each: BLEU, ROUGE, CIDEr."""
    for name, column, seed in (("data.csv", "caption", 0), ("outputs.csv", "value", 1)):
        lines = (f"{row},{text}\n" for row, text in enumerate(_sentences(n, seed)))
        (folder / name).write_text(f"id,{column}\n" + "".join(lines))
    return _score(folder, "captions", "data.csv", "outputs.csv")


def labels(folder: Path, n: int) -> list[str]:
    """Return a `score` command for n labels of 100 classes: accuracy@1."""
    draws = np.random.default_rng(0)
    for name, column in (("data.csv", "label"), ("outputs.csv", "value")):
        lines = (
            f"{row},class {label}\n" for row, label in enumerate(draws.integers(0, 100, n).tolist())
        )
        (folder / name).write_text(f"id,{column}\n" + "".join(lines))
    names = ", ".join(f"class {label}" for label in range(100))
    _task(folder, "top1", _TOP1.format(names=names))
    return _score(folder, "top1", "data.csv", "outputs.csv")


def corpus(folder: Path, n: int) -> list[str]:
    """Return a `score` command for 1,000 query vectors and n document vectors of width 128.

    Each query has one relevant document.
    """
    out, draws = folder / "outputs", np.random.default_rng(0)
    out.mkdir(parents=True)
    queries = min(1000, n)
    for side, size in (("query", queries), ("corpus", n)):
        vectors = np.lib.format.open_memmap(out / f"{side}.npy", "w+", np.float32, (size, 128))
        for start in range(0, size, 50_000):
            vectors[start : start + 50_000] = draws.standard_normal(
                (min(50_000, size - start), 128), np.float32
            )
        with (out / f"{side}_ids.txt").open("w") as ids:
            ids.writelines(f"{side[0]}{row}\n" for row in range(size))
    pairs = (f"q{row} 0 c{row * (n // queries)} 1\n" for row in range(queries))
    (folder / "judged.qrels").write_text("".join(pairs))
    _task(folder, "nearest", "include: pairs\nname: nearest\ndirections: query-to-corpus\n")
    return _score(folder, "nearest", "judged.qrels", "outputs")


def _sentences(n: int, seed: int = 0) -> list[str]:
    """Return sentences of 8 to 14 words, drawn by Zipf's law from a vocabulary of letters."""
    draws = np.random.default_rng(seed)
    letters = "etaoinshrdlucmfwypvbgkqj"
    words = ["".join(letters[number // 24**at % 24] for at in range(3)) for number in range(_WORDS)]
    chances = 1 / np.arange(1, _WORDS + 1)
    sizes = draws.integers(8, 15, n)
    drawn = iter(draws.choice(_WORDS, int(sizes.sum()), p=chances / chances.sum()).tolist())
    return [" ".join(words[next(drawn)] for _ in range(size)) for size in sizes.tolist()]


def _task(folder: Path, name: str, text: str) -> None:
    (folder / "tasks").mkdir(exist_ok=True)
    (folder / "tasks" / f"{name}.yaml").write_text(text)


def _score(folder: Path, task: str, data: str, outputs: str) -> list[str]:
    files = ["--data", str(folder / data), "--predictions", str(folder / outputs)]
    return ["score", "-t", task, *files, *_where(folder)]


def _where(folder: Path) -> list[str]:
    tasks = ["--tasks", str(folder / "tasks")] if (folder / "tasks").is_dir() else []
    return ["--out", str(folder / "out"), *tasks]

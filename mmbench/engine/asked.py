"""The forwards of one run, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from mmbench.contents import ContentKeys, cache_folder
from mmbench.engine import identity
from mmbench.engine.answer import Answerer
from mmbench.engine.models import Model
from mmbench.engine.prepare import Options, Prepared
from mmbench.engine.progress import Progress
from mmbench.errors import UserError
from mmbench.types import Answers, Requests


class Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        start = perf_counter()
        try:
            yield
        finally:
            spent = perf_counter() - start
            self.seconds[name] = round(self.seconds.get(name, 0.0) + spent, 4)


def device_for(asked: str) -> str:
    """`auto` is the first CUDA device where torch sees one, else the CPU. Raises UserError."""
    if asked == "cpu":
        return asked
    import torch

    if asked == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if not torch.cuda.is_available():
        raise UserError(f"--device {asked}: torch sees no CUDA device; use --device cpu")
    return asked


class Asked:
    """The forwards of one run, with what they cost."""

    def __init__(
        self,
        prepared: Prepared,
        options: Options,
        keys: ContentKeys,
        progress: Progress,
        clock: Clock,
    ) -> None:
        self.clock = clock
        self.counts = {"requests": 0, "computed": 0, "cached": 0}
        self.throughput: dict[str, float] = {}
        self.device = "none"
        self._prepared, self._options = prepared, options
        self._keys, self._progress = keys, progress

    def answers(self) -> dict[str, Answers]:
        """The model's answers by the name of their requests; none for a baseline."""
        model = self._prepared.model
        if model is None:
            return {}
        self.device = device = device_for(self._options.device)
        journal = cache_folder() / "journal" / identity.journal_key(model.info, device)
        journal.mkdir(parents=True, exist_ok=True)
        label = f"{model.info.name}@{model.info.checkpoint or 'packaged'} on {device}\n"
        (journal / "model.txt").write_text(label, encoding="utf-8")  # for `mmbench cache show`
        answerer = Answerer(
            lambda: self._load(model, device),
            journal,
            self._keys,
            self._progress,
            device=device,
            batch_size=self._options.batch_size,
            fresh=self._options.fresh,
        )
        requests = self._prepared.kind.requests(self._prepared.spec, self._prepared.data)
        found = {side: self._answer(answerer, asked) for side, asked in requests.items()}
        self.counts |= {"computed": answerer.computed, "cached": answerer.cached}
        return found

    def _load(self, model: Model, device: str) -> Any:
        self._progress.note(f"loading {model.info.name} on {device}")
        with self.clock.stage("load"):
            return model.load(device)

    def _answer(self, answerer: Answerer, requests: Requests) -> Answers:
        self.counts["requests"] += len(requests.contents)
        stage = f"embed {requests.modality}"
        loading, computed = self.clock.seconds.get("load", 0.0), answerer.computed
        with self.clock.stage(stage):
            answers = answerer.answer(stage, requests)
        loading = self.clock.seconds.get("load", 0.0) - loading
        seconds = self.clock.seconds[stage] = round(self.clock.seconds[stage] - loading, 4)
        if answerer.computed > computed and seconds > 0:
            self.throughput[f"{requests.modality}/s"] = round(
                (answerer.computed - computed) / seconds, 2
            )
        return answers

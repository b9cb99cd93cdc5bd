"""The inference of one model in a run, with its costs."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from mmbench.engine import identity
from mmbench.engine.context import RunContext
from mmbench.engine.dispatch import scale_of
from mmbench.engine.execution.executor import RunServices
from mmbench.engine.execution.tries import end_try
from mmbench.engine.inference.cached_inference import CachedInference
from mmbench.engine.loading.models.resolver import REMOTE, Model
from mmbench.engine.speed import RTFX
from mmbench.engine.usage import Usage
from mmbench.storage.journal.folders import open_folder, open_temporary_folder
from mmbench.types import GeneratedOutputs, Requests, ScoreScale, VectorOutputs


class InferenceRunner:
    """The inference of one model in a run, with its costs.

    If the model's outputs cannot be cached between runs, each distinct item is still computed only
    once in a run, but a run that is killed and repeated starts from the beginning. If `price` is
    given, the cost is reported to the progress display. `role` is "" for the evaluated model; it
    sets the stages of another model, such as a judge, apart: `judge: write text`.
    """

    def __init__(
        self,
        model: Model,
        context: RunContext,
        *,
        price: Sequence[float] | None = None,
        role: str = "",
    ) -> None:
        if model.uncached:
            end_try()
        options = context.options
        self._context = context
        self._costs, self._progress = context.costs, context.progress
        # A remote model does not run here, so torch is not imported.
        self._model = model
        self._prefix = f"{role}: " if role else ""
        is_remote = model.info.dtype == REMOTE
        self.device = "cpu" if is_remote else context.executor.device_for(options.device)
        self._costs.device = self.device
        services = RunServices(
            context.keys, context.progress, partial(context.costs.clock.stage, "load")
        )
        self._executor = context.executor.open(model, self.device, services)
        self._answerer = CachedInference(
            self._executor,
            self._journal(),
            context.keys,
            context.progress,
            batch_size=options.batch_size,
            fresh=options.fresh,
            price=price,
            name=f"model {model.info.name}",
        )

    def _journal(self) -> Path:
        """Return the journal folder of the model: a temporary folder if outputs are not cached."""
        model, device = self._model, self.device
        label = f"{model.info.name}@{model.info.checkpoint or 'packaged'} on {device}"
        if not model.uncached:
            return open_folder(self, identity.journal_key(model.info, device), label)
        self._progress.note(
            f"the outputs of {model.info.name} are not cached for later runs: {model.uncached};"
            " see `identity` in docs/plugins.md"
        )
        return open_temporary_folder(self, secrets.token_hex(8), label)

    def answers(
        self, requests: Mapping[str, Requests]
    ) -> dict[str, VectorOutputs | GeneratedOutputs]:
        """Return the model's outputs by request name, and add remarks on them to the costs.

        Raises ModelError if a classifier's number of score columns differs from its number of
        labels.
        """
        before = self._answerer.computed, self._answerer.cached
        remarks = len(self._executor.notes)
        outputs = {name: self._with_metadata(batch) for name, batch in requests.items()}
        counts = self._costs.counts
        counts["computed"] += self._answerer.computed - before[0]
        counts["cached"] += self._answerer.cached - before[1]
        self._costs.notes += self._executor.notes[remarks:]
        return outputs

    def loaded(self) -> object:
        """Return the loaded model.

        Return None if the model was not loaded in this process, for example because all outputs
        were in the journal.
        """
        return self._executor.loaded()

    @property
    def usage(self) -> Usage:
        """Return the token counts of the generated texts."""
        return self._answerer.usage

    def labels(self, requests: Requests) -> list[str]:
        """Return the class names of the model. Raises ModelError if it does not list them."""
        return self._answerer.labels(requests)

    def _with_metadata(self, requests: Requests) -> VectorOutputs | GeneratedOutputs:
        """Return the outputs with the model's name and the scale of its scores."""
        name = self._model.info.name
        scale: ScoreScale = "logits"
        if requests.method == "classify":
            scale = scale_of(self._model.cls, f"model {name}")
        outputs = self._answer(requests)
        return (
            replace(outputs, scores=scale, model=name)
            if isinstance(outputs, VectorOutputs)
            else outputs
        )

    def _answer(self, requests: Requests) -> VectorOutputs | GeneratedOutputs:
        costs, answerer, clock = self._costs, self._answerer, self._costs.clock
        costs.counts["requests"] += len(requests.contents)
        stage = f"{self._prefix}{requests.method} {requests.modality}"
        loading, computed = clock.seconds.get("load", 0.0), answerer.computed
        audio_seconds = answerer.audio_seconds
        before = clock.seconds.get(stage, 0.0)
        with clock.stage(stage):
            answers = answerer.answer(stage, requests)
        loading = clock.seconds.get("load", 0.0) - loading
        clock.seconds[stage] = round(clock.seconds[stage] - loading, 4)
        spent = clock.seconds[stage] - before
        if answerer.computed > computed and spent > 0:
            rate = (answerer.computed - computed) / spent
            costs.throughput[f"{self._prefix}{requests.modality}/s"] = round(rate, 2)
            if answerer.audio_seconds > audio_seconds:  # seconds of audio per second of computing
                costs.throughput[RTFX] = round((answerer.audio_seconds - audio_seconds) / spent, 2)
        return answers

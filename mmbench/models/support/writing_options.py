"""Options that all adapters of generative models share: prompt, sampling and reasoning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from mmbench.errors import ModelError
from mmbench.models.support.reasoning import Reasoning
from mmbench.types import GenerationConfig, Message

T = TypeVar("T")


class WritingOptions(Struct, frozen=True, kw_only=True):
    """The options with which a model writes; each is part of the model's identity.

    `system` is a system prompt, which precedes that of a task. `chat_template_kwargs` are variables
    of the chat template, such as `enable_thinking`. `temperature` replaces that of the task, and
    with a temperature above 0 `top_p` (0 to 1), `top_k` and `min_p` (0 to 1) limit the tokens that
    are sampled, and `seed` is added to the seed of the run. `repetition_penalty` is above 0; 1
    means none. `reasoning_start`, `reasoning_end` and `thinking_budget` are those of `Reasoning`.
    Raises ModelError for values out of range.
    """

    system: str = ""
    chat_template_kwargs: dict[str, Any] = {}
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    seed: int = 0
    reasoning_start: str = ""
    reasoning_end: str = ""
    thinking_budget: int = 0

    def __post_init__(self) -> None:
        """Raise ModelError for an option out of its range."""
        for name, fits, needed in (
            ("temperature", _within(self.temperature, 0, 100), "a number from 0 to 100"),
            ("top_p", _within(self.top_p, 0, 1, above=True), "a number above 0 and at most 1"),
            ("top_k", _within(self.top_k, 1, 1 << 31), "an integer from 1 on"),
            ("min_p", _within(self.min_p, 0, 1), "a number from 0 to 1"),
            (
                "repetition_penalty",
                _within(self.repetition_penalty, 0, 100, above=True),
                "a number above 0",
            ),
            ("seed", _within(self.seed, 0, (1 << 32) - 1), "an integer from 0 to 4294967295"),
            ("thinking_budget", self.thinking_budget >= 0, "at least 0"),
        ):
            if not fits:
                raise ModelError(f"option {name}={getattr(self, name)} must be {needed}")
        sampled = [n for n in ("top_p", "top_k", "min_p") if getattr(self, n) is not None]
        if sampled and not self.temperature:
            raise ModelError(
                f"option {sampled[0]} has no effect on greedy decoding; give a temperature above 0"
                f" too, or leave out {sampled[0]}"
            )
        self.reasoning  # noqa: B018 - raises for markers that do not fit

    @property
    def reasoning(self) -> Reasoning:
        """Return how the model marks its reasoning. Raises ModelError for options that conflict."""
        return Reasoning.from_options(
            self.reasoning_start, self.reasoning_end, self.thinking_budget
        )

    def applied(self, task: GenerationConfig) -> GenerationConfig:
        """Return the settings of a task with those of the model in place of them."""
        temperature = task.temperature if self.temperature is None else self.temperature
        return replace(
            task,
            temperature=temperature,
            top_p=task.top_p if self.top_p is None else self.top_p,
            seed=task.seed + self.seed if temperature > 0 else task.seed,
        )

    def with_system(self, conversation: Sequence[Message[T]]) -> Sequence[Message[T | str]]:
        """Return a conversation that begins with the system prompt, then that of the task."""
        if not self.system:
            return conversation
        first, rest = conversation[0], conversation[1:]
        if first.role != "system":
            return [Message("system", (self.system,)), *conversation]
        return [Message("system", (f"{self.system}\n\n", *first.parts)), *rest]

    def more_settings(self) -> dict[str, float]:
        """Return the settings that a GenerationConfig lacks: top_k, min_p, repetition_penalty."""
        names = ("top_k", "min_p", "repetition_penalty")
        values = {name: getattr(self, name) for name in names}
        return {name: value for name, value in values.items() if value is not None}


def _within(value: float | None, low: float, high: float, *, above: bool = False) -> bool:
    """Return whether a value is None or in a range, without its lower end if `above`."""
    return value is None or ((low < value if above else low <= value) and value <= high)

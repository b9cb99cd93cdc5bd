"""Names of settings in other programs (lmms-eval, transformers, vLLM), and what to use here."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple


class _Setting(NamedTuple):
    """What to use in place of another program's setting, and the model option that this needs."""

    advice: str
    option: str = ""


_LIMIT = _Setting("--max-tokens N")
_SYSTEM = _Setting("--model-arg system=TEXT", "system")
_FRAMES = _Setting("--model-arg frames=N", "frames")
_SHOTS = _Setting("`few_shot: N` in a task file")
_DTYPE = _Setting("--dtype NAME")
_SETTINGS = {
    "max_tokens": _LIMIT,
    "max_new_tokens": _LIMIT,
    "max_completion_tokens": _LIMIT,
    "system_prompt": _SYSTEM,
    "system_instruction": _SYSTEM,
    "enable_thinking": _Setting(
        "--model-arg 'chat_template_kwargs={enable_thinking: false}', or true",
        "chat_template_kwargs",
    ),
    "num_frames": _FRAMES,
    "max_frames_num": _FRAMES,
    "max_num_frames": _FRAMES,
    "num_fewshot": _SHOTS,
    "few_shot": _SHOTS,
    "model_args": _Setting("--model-arg NAME=VALUE, once for each option"),
    "pretrained": _Setting("-m NAME@CHECKPOINT"),
    "base_url": _Setting("--api-base URL"),
    "batch_size": _Setting("--batch-size N"),
    "device": _Setting("--device NAME"),
    "dtype": _DTYPE,
    "torch_dtype": _DTYPE,
}


def instead_of(name: str, options: Collection[str]) -> str:
    """Return what to use in place of a setting of another program; "" if there is nothing.

    `options` are the options of the model: a model option that the model lacks is not suggested.
    """
    setting = _SETTINGS.get(name)
    return setting.advice if setting and setting.option in {"", *options} else ""

"""Helpers for generation with transformers: decoding settings, seeds, stop strings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from mmbench.types import GeneratedText, GenerationConfig

if TYPE_CHECKING:
    from mmbench.models.support.library_types import Configuration, Network, Tokenizer

# Settings of generation_config.json that change which tokens are chosen or what is returned.
_DECODING_SETTINGS = (
    *("do_sample", "temperature", "top_k", "top_p", "min_p", "top_h", "typical_p"),
    *("epsilon_cutoff", "eta_cutoff", "renormalize_logits", "penalty_alpha", "guidance_scale"),
    *("num_beams", "num_beam_groups", "diversity_penalty", "length_penalty", "early_stopping"),
    *("repetition_penalty", "encoder_repetition_penalty", "sequence_bias", "watermarking_config"),
    *("no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "exponential_decay_length_penalty"),
    *("min_length", "min_new_tokens", "max_length", "max_new_tokens", "max_time", "stop_strings"),
    *("num_return_sequences", "prompt_lookup_num_tokens", "return_dict_in_generate"),
)


def drop_decoding_settings(model: Network) -> None:
    """Reset the decoding settings of a model's GenerationConfig to the defaults of transformers.

    Otherwise greedy decoding would depend on unrecorded settings of the checkpoint (Qwen2.5-VL
    penalises repetition). Token ids are kept, such as the ids of end tokens and of suppressed
    tokens.
    """
    config: Configuration = model.generation_config
    config.update(**{name: None for name in _DECODING_SETTINGS if hasattr(config, name)})


def greedy_or_sampled(
    options: GenerationConfig, settings: Mapping[str, float] | None = None
) -> dict[str, object]:
    """Return the arguments of `generate` for greedy decoding, or for sampling.

    Decoding is greedy at temperature 0; otherwise call `generate` inside `seeded`. `settings` are
    further arguments: top_k, min_p, repetition_penalty.
    """
    limits = {"max_new_tokens": options.max_tokens, "num_beams": 1}
    if options.temperature == 0:
        # The settings of a checkpoint may turn on sampling and set its options.
        greedy = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        return {**limits, **greedy, **(settings or {})}
    sampling = {"temperature": options.temperature, "top_p": options.top_p, "top_k": None}
    return {**limits, **sampling, "do_sample": True, **(settings or {})}


def drop_none(**settings: Any) -> dict[str, Any]:
    """Return the settings that are not None.

    For settings that are left out, the library uses its defaults.
    """
    return {name: value for name, value in settings.items() if value is not None}


def generated_text(
    text: str,
    tokens: int,
    options: GenerationConfig,
    *,
    finished: bool,
    reasoning: str | None = None,
) -> GeneratedText:
    """Return `text` without white space at its ends, truncated at the first stop string.

    The result also has the reason why the text ended.

    `tokens` is the number of generated tokens. `finished` is true if the model ended the text
    before the token limit. `reasoning` is the text that the model wrote before `text`.
    """
    cut = _cut_at(text, options.stop)
    finish: Literal["stop", "length"] = "stop" if finished or cut != text else "length"
    return GeneratedText(cut.strip(), finish, tokens, reasoning)


@contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """Seed torch's global generators inside the context and restore their state afterwards.

    `seed` is 0 to 2⁶⁴ - 1; `device` is cpu, cuda or cuda:N. The function is for library code that
    does not accept a generator.
    """
    import torch

    with torch.random.fork_rng(devices=[device] if device.startswith("cuda") else []):
        torch.manual_seed(seed)
        yield


def end_tokens(model: Network, tokenizer: Tokenizer) -> set[int | None]:
    """Return the ids of the end tokens and padding tokens of a model and its tokenizer."""
    config = model.generation_config
    listed = config.eos_token_id if isinstance(config.eos_token_id, list) else [config.eos_token_id]
    return {*listed, config.pad_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}


def _cut_at(text: str, stops: Sequence[str]) -> str:
    """Return the text before the first stop string."""
    ends = [text.find(stop) for stop in stops if stop in text]
    return text[: min(ends)] if ends else text

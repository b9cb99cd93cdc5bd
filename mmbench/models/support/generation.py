"""Generation of texts and images: settings of transformers, seeds, ends of texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mmbench.types import GeneratedText, GenerationConfig

if TYPE_CHECKING:
    from mmbench.models.support.library_types import Configuration, Network, Tokenizer

# Settings of generation_config.json that change the choice of tokens or the returned value.
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
    """Remove the settings that change the choice of tokens from a model's GenerationConfig.

    Otherwise greedy decoding would differ by checkpoint (Qwen2.5-VL penalises repetition) without
    being recorded. Ids of tokens stay, including suppressed ones.
    """
    config: Configuration = model.generation_config
    config.update(**{name: None for name in _DECODING_SETTINGS if hasattr(config, name)})


def greedy_or_sampled(options: GenerationConfig) -> dict[str, object]:
    """Return the arguments of `generate`; for sampling, call it inside `seeded`."""
    limits = {"max_new_tokens": options.max_tokens, "num_beams": 1}
    if options.temperature == 0:
        # The settings of a checkpoint may turn sampling on, and set options of sampling.
        return {**limits, "do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    sampling = {"temperature": options.temperature, "top_p": options.top_p, "top_k": None}
    return {**limits, **sampling, "do_sample": True}


def drop_none(**settings: Any) -> dict[str, Any]:
    """Return the settings that are not None, so that a library keeps its other defaults."""
    return {name: value for name, value in settings.items() if value is not None}


def generated_text(
    text: str, tokens: int, options: GenerationConfig, *, finished: bool
) -> GeneratedText:
    """Return a generated text, cut at the stop strings of `options` and stripped.

    `finished` is true if the model ended the text before the limit of tokens.
    """
    cut = _cut_at(text, options.stop)
    return GeneratedText(cut.strip(), "stop" if finished or cut != text else "length", tokens)


@contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """Set torch's generators to `seed` (0 to 2⁶⁴ - 1) inside the context, and restore them after.

    `device` is cpu, cuda or cuda:N. This is for library code without a generator argument.
    """
    import torch

    with torch.random.fork_rng(devices=[device] if device.startswith("cuda") else []):
        torch.manual_seed(seed)
        yield


def end_tokens(model: Network, tokenizer: Tokenizer) -> set[int | None]:
    """Return the ids of the end and padding tokens."""
    config = model.generation_config
    listed = config.eos_token_id if isinstance(config.eos_token_id, list) else [config.eos_token_id]
    return {*listed, config.pad_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}


def _cut_at(text: str, stops: Sequence[str]) -> str:
    """Return the text before the first stop string."""
    ends = [text.find(stop) for stop in stops if stop in text]
    return text[: min(ends)] if ends else text

"""How texts and images are generated: settings of transformers, seeds, where a text ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mmbench.types import GeneratedText, GenerationConfig

if TYPE_CHECKING:
    from mmbench.models.support.library_types import Configuration, Network, Tokenizer

# What a generation_config.json may say of how tokens are chosen, and of the form of what returns.
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
    """Take out of a model's GenerationConfig what steers the choice of tokens.

    Else greedy decoding would be something else for each checkpoint (Qwen2.5-VL's punishes
    repetition), and nothing of it be recorded. Ids of tokens stay, suppressed ones too.
    """
    config: Configuration = model.generation_config
    config.update(**{name: None for name in _DECODING_SETTINGS if hasattr(config, name)})


def greedy_or_sampled(options: GenerationConfig) -> dict[str, object]:
    """Return arguments of `generate`; sampling needs its seed set around it (`seeded`)."""
    limits = {"max_new_tokens": options.max_tokens, "num_beams": 1}
    if options.temperature == 0:
        # A checkpoint's own settings may turn sampling on, and set what only sampling takes.
        return {**limits, "do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    sampling = {"temperature": options.temperature, "top_p": options.top_p, "top_k": None}
    return {**limits, **sampling, "do_sample": True}


def drop_none(**settings: Any) -> dict[str, Any]:
    """Return the settings that are not None, so that a library keeps its defaults for others."""
    return {name: value for name, value in settings.items() if value is not None}


def generated_text(
    text: str, tokens: int, options: GenerationConfig, *, finished: bool
) -> GeneratedText:
    """Return a text of so many tokens, cut at the stops of `options` and stripped.

    `finished` says that the model ended it, and that it was not cut off at the limit of tokens.
    """
    cut = cut_at(text, options.stop)
    return GeneratedText(cut.strip(), "stop" if finished or cut != text else "length", tokens)


@contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """Set the generators of torch to `seed` (0 to 2⁶⁴ - 1) inside, and put them back after.

    `device` is cpu, cuda or cuda:N. For code of libraries that takes no generator as an argument.
    """
    import torch

    with torch.random.fork_rng(devices=[device] if device.startswith("cuda") else []):
        torch.manual_seed(seed)
        yield


def end_tokens(model: Network, tokenizer: Tokenizer) -> set[int | None]:
    """Return the ids of the tokens that end a text, and of those that pad it from there."""
    config = model.generation_config
    listed = config.eos_token_id if isinstance(config.eos_token_id, list) else [config.eos_token_id]
    return {*listed, config.pad_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}


def cut_at(text: str, stops: Sequence[str]) -> str:
    """Return the text before the first of the stops."""
    ends = [text.find(stop) for stop in stops if stop in text]
    return text[: min(ends)] if ends else text

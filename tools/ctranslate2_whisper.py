"""Conversion of a Whisper folder of CTranslate2 to a folder of transformers.

    python -m tools.ctranslate2_whisper FOLDER NEW_FOLDER

FOLDER holds model.bin (format 6 of CTranslate2; float32 or float16), config.json and
tokenizer.json. NEW_FOLDER then holds what `save_pretrained` of transformers writes, with the same
weights, for model `whisper`. The names and shapes of the variables are those of `WhisperSpec` in
CTranslate2 4 (python/ctranslate2/specs).
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmbench.errors import ModelError, UserError
from mmbench.validation.regular_files import read_regular

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Variables = dict[str, NDArray[Any]]

FORMAT = 6  # the version of model.bin
_DTYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
_NAMES = {"gamma": "weight", "beta": "bias"}

# A module of a layer, and those of transformers whose weights it stacks.
_LAYER = {
    "self_attention/linear_0": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "self_attention/linear_1": ("self_attn.out_proj",),
    "self_attention/layer_norm": ("self_attn_layer_norm",),
    "attention/linear_0": ("encoder_attn.q_proj",),
    "attention/linear_1": ("encoder_attn.k_proj", "encoder_attn.v_proj"),
    "attention/linear_2": ("encoder_attn.out_proj",),
    "attention/layer_norm": ("encoder_attn_layer_norm",),
    "ffn/linear_0": ("fc1",),
    "ffn/linear_1": ("fc2",),
    "ffn/layer_norm": ("final_layer_norm",),
}
_OUTSIDE = {
    "conv1": "conv1",
    "conv2": "conv2",
    "embeddings": "embed_tokens",
    "position_encodings": "embed_positions",
    "layer_norm": "layer_norm",
}


class _Reader:
    """The bytes of model.bin from front to back: little-endian numbers, and texts with a NUL."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def number(self, form: str) -> int:
        """Return the next number; `form` is that of `struct`: B, H or I."""
        (value,) = struct.unpack(f"<{form}", self.raw(struct.calcsize(form)))
        return int(value)

    def text(self) -> str:
        """Return the next text."""
        return self.raw(self.number("H"))[:-1].decode()

    def raw(self, n: int) -> bytes:
        """Return the next n bytes. Raises ValueError if there are fewer."""
        found = self._data[self._at : self._at + n]
        if len(found) < n:
            raise ValueError(f"ends after {len(self._data)} bytes")
        self._at += n
        return found


def read_variables(file: Path) -> Variables:
    """Return the variables of a model.bin by name, aliases included. Raises ModelError."""
    reader = _Reader(read_regular(file))
    try:
        version, spec, _revision = reader.number("I"), reader.text(), reader.number("I")
        if (version, spec) != (FORMAT, "WhisperSpec"):
            raise ValueError(f"holds {spec!r} in the format {version}: give a Whisper in {FORMAT}")
        variables = dict(_variable(reader) for _ in range(reader.number("I")))
        aliases = [(reader.text(), reader.text()) for _ in range(reader.number("I"))]
        return variables | {alias: variables[name] for alias, name in aliases}
    except (ValueError, KeyError) as error:
        raise ModelError(f"{file}: cannot be converted: {error}") from error


def _variable(reader: _Reader) -> tuple[str, NDArray[Any]]:
    name = reader.text()
    shape = [reader.number("I") for _ in range(reader.number("B"))]
    dtype = _DTYPES[reader.number("B")]
    return name, np.frombuffer(reader.raw(reader.number("I")), dtype).reshape(shape)


def state_dict(variables: Variables) -> Variables:
    """Return the variables under the names of WhisperForConditionalGeneration.

    Raises ModelError for quantised weights.
    """
    if any(name.endswith("weight_scale") for name in variables):
        raise ModelError("model.bin holds quantised weights: give one in float32 or float16")
    pairs = [pair for name, values in variables.items() for pair in _renamed(name, values)]
    # CTranslate2 stores a bias of zeros for the keys, which have none in Whisper.
    return {name: values for name, values in pairs if not name.endswith("k_proj.bias")}


def _renamed(name: str, values: NDArray[Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the parts of a variable under their names in transformers; none for a setting."""
    stack, _, rest = name.partition("/")
    module, _, kind = rest.rpartition("/")
    kind = _NAMES.get(kind, kind)
    if module in _OUTSIDE:
        kind = "weight" if kind == "encodings" else kind
        yield f"model.{stack}.{_OUTSIDE[module]}.{kind}", values
    elif module.startswith("layer_"):
        layer, _, inner = module.partition("/")
        parts = np.split(values, len(_LAYER[inner]))
        for target, part in zip(_LAYER[inner], parts, strict=True):
            yield f"model.{stack}.layers.{layer.removeprefix('layer_')}.{target}.{kind}", part


def model_config(variables: Variables, tokens: dict[str, int]) -> Any:
    """Return the WhisperConfig that fits the shapes of the variables."""
    from transformers import WhisperConfig

    weights = state_dict(variables)
    settings: dict[str, int] = {}
    for stack in ("encoder", "decoder"):
        layers = [name for name in weights if name.startswith(f"model.{stack}.layers.")]
        settings[f"{stack}_layers"] = 1 + max(int(name.split(".")[3]) for name in layers)
        settings[f"{stack}_attention_heads"] = int(variables[f"{stack}/num_heads"])
        settings[f"{stack}_ffn_dim"] = len(weights[f"model.{stack}.layers.0.fc1.weight"])
    vocabulary, width = weights["model.decoder.embed_tokens.weight"].shape
    end = tokens["<|endoftext|>"]
    return WhisperConfig(
        **settings,
        vocab_size=vocabulary,
        d_model=width,
        num_mel_bins=weights["model.encoder.conv1.weight"].shape[1],
        max_source_positions=len(weights["model.encoder.embed_positions.weight"]),
        max_target_positions=len(weights["model.decoder.embed_positions.weight"]),
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        decoder_start_token_id=tokens["<|startoftranscript|>"],
    )


def generation_config(config: Any, tokens: dict[str, int], settings: dict[str, Any]) -> Any:
    """Return the GenerationConfig of the model: `settings` are those of CTranslate2's config.json.

    The first timestamp is at most 1 second, index 50, as in OpenAI's checkpoints.
    """
    from transformers import GenerationConfig

    multilingual: dict[str, object] = {"is_multilingual": "" in tokens}  # as in CTranslate2
    if "" in tokens:
        names = {number: name for name, number in tokens.items()}
        multilingual["lang_to_id"] = {names[number]: number for number in settings["lang_ids"]}
        multilingual["task_to_id"] = {
            task: tokens[f"<|{task}|>"] for task in ("transcribe", "translate")
        }
    return GenerationConfig(
        **{name: getattr(config, name) for name in ("bos_token_id", "eos_token_id")},
        pad_token_id=config.pad_token_id,
        decoder_start_token_id=config.decoder_start_token_id,
        suppress_tokens=settings.get("suppress_ids"),
        begin_suppress_tokens=settings.get("suppress_ids_begin"),
        alignment_heads=settings.get("alignment_heads"),
        no_timestamps_token_id=tokens["<|notimestamps|>"],
        prev_sot_token_id=tokens.get("<|startofprev|>"),
        max_initial_timestamp_index=50,
        max_length=config.max_target_positions,
        return_timestamps=False,
        **multilingual,
    )


def load_tokenizer(folder: Path, size: int) -> Any:
    """Return the tokenizer of a folder with `size` tokens, of which the last are timestamps."""
    import transformers
    from tokenizers import AddedToken, Tokenizer

    inner = Tokenizer.from_file(str(folder / "tokenizer.json"))
    first = inner.get_vocab()["<|notimestamps|>"] + 1
    times = [AddedToken(f"<|{i * 0.02:.2f}|>", special=False) for i in range(size - first)]
    inner.add_tokens(times)
    end = "<|endoftext|>"
    return transformers.WhisperTokenizerFast(
        tokenizer_object=inner, bos_token=end, eos_token=end, pad_token=end, unk_token=end
    )


def convert(source: Path, target: Path) -> None:
    """Write the transformers folder of a CTranslate2 folder. Raises ModelError."""
    import torch
    from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration

    variables = read_variables(source / "model.bin")
    weights = {name: torch.tensor(values) for name, values in state_dict(variables).items()}
    embeddings = weights["model.decoder.embed_tokens.weight"]
    tokenizer = load_tokenizer(source, len(embeddings))
    config = model_config(variables, tokenizer.get_vocab())
    settings = json.loads(read_regular(source / "config.json"))
    net = WhisperForConditionalGeneration(config).to(embeddings.dtype)
    net.load_state_dict(weights | {"proj_out.weight": embeddings})  # tied
    net.generation_config = generation_config(config, tokenizer.get_vocab(), settings)
    for part in (net, tokenizer, WhisperFeatureExtractor(feature_size=config.num_mel_bins)):
        part.save_pretrained(target)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m tools.ctranslate2_whisper FOLDER NEW_FOLDER")
    try:
        convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except (UserError, OSError) as error:
        sys.exit(f"error: {error}")

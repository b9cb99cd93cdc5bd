"""Loading of models, tokenizers and processors from checkpoint folders of transformers.

transformers replaces missing weights by random numbers and a missing vocabulary by an empty one
with a mere warning. Here both are errors. Nothing is downloaded, and code in the folder is executed
only with `trust_remote_code`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.errors import MissingExtra, ModelError
from mmbench.models.support.library_messages import loading, quiet
from mmbench.models.support.lora import CONFIG_FILE, apply_lora, base_model

if TYPE_CHECKING:
    from mmbench.models.support.library_types import (
        AudioFeatureExtractor,
        ImageProcessor,
        LoadingInfo,
        Network,
        Processor,
        Tokenizer,
    )

# The weights in a checkpoint folder, for the attribute `checkpoints` of adapters.
WEIGHT_FILES = (
    *("model.safetensors", "pytorch_model.bin"),
    *("model-*.safetensors", "pytorch_model-*.bin"),
)
_PROCESSOR_FILES = ("preprocessor_config.json", "processor_config.json")

# The embedding of masked audio is used only in training, and published files lack it
# (facebook/wav2vec2-base-960h).
_ONLY_TRAINED = "masked_spec_embed"


def checkpoint_folder(
    folder: Path | None, model: str, default: str | None, files: str = "config.json and weights"
) -> Path:
    """Return `folder` if it exists. Raises ModelError if it is None or does not exist.

    For the error message, `model` is the registered name of the adapter, `default` a checkpoint to
    suggest, and `files` describes the files that the adapter reads.
    """
    if folder is None:
        raise ModelError(f"model {model} needs a checkpoint; type {model}@{default}")
    if not folder.is_dir():
        raise ModelError(f"model {model}: no folder {folder} (looked for {files})")
    if (folder / CONFIG_FILE).is_file():  # transformers loads it with the base that it names
        raise ModelError(
            f"checkpoint {folder} is an adapter of peft; type"
            f" {model}@{base_model(folder) or 'BASE'} --model-arg lora={folder}"
        )
    return folder


def load_model(
    folder: Path,
    *,
    device: str,
    dtype: str,
    trust_remote_code: bool = False,
    auto: str = "AutoModel",
    lora: str | None = None,
    unused: Sequence[str] = (),
) -> Network:
    """Load the model in `folder` for evaluation.

    `device` is cpu, cuda or cuda:N; `dtype` is float32, bfloat16 or float16; `auto` is the name of
    the Auto class of transformers (AutoModelForCTC). `lora` is the folder of a LoRA of peft. In
    float32 it is merged into the weights; in other dtypes it is added in each forward pass, because
    a merged weight would be rounded to 8 or 11 bits. Weights whose names begin with one of `unused`
    may be missing, because the caller does not use them. Raises ModelError if the model cannot be
    loaded or weights are missing or of the wrong shape.
    """
    import torch
    import transformers

    with quiet(), loading(folder, "model"):
        model, loading_info = getattr(transformers, auto).from_pretrained(
            folder,
            dtype=getattr(torch, dtype),
            local_files_only=True,
            trust_remote_code=trust_remote_code,
            ignore_mismatched_sizes=True,  # to report their names below
            output_loading_info=True,
        )
        _check_weights(folder, loading_info, tuple(unused))
        if lora is not None:
            model = apply_lora(model, lora, folder, merge=dtype == "float32")
        return model.eval().to(device)


def _check_weights(folder: Path, loading_info: LoadingInfo, unused: tuple[str, ...]) -> None:
    missing = [
        name
        for name in loading_info["missing_keys"]
        if not name.endswith(_ONLY_TRAINED) and not name.startswith(unused)
    ]
    refuse_weights(folder, "lacks weights", missing)
    others = [name for name, *_ in loading_info["mismatched_keys"]]
    refuse_weights(folder, "has weights with a shape other than in config.json", others)


def refuse_weights(folder: Path, fault: str, names: Iterable[str]) -> None:
    """Raise ModelError if there are `names` of faulty weights; `fault` is the verb phrase."""
    faulty = sorted(names)
    if faulty:
        more = f" and {len(faulty) - 3} more" if len(faulty) > 3 else ""
        raise ModelError(
            f"checkpoint {folder} {fault}: {', '.join(faulty[:3])}{more};"
            " download its weights and config.json again"
        )


def load_tokenizer(folder: Path, *, trust_remote_code: bool = False) -> Tokenizer:
    """Load the tokenizer of `folder`. Raises ModelError if it is invalid or lacks a vocabulary."""
    from transformers import AutoTokenizer

    try:
        with quiet(), loading(folder, "tokenizer"):
            tokenizer: Tokenizer = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=trust_remote_code
            )
    except ModelError as error:
        if (folder / "spiece.model").is_file():
            raise ModelError(f"{error}; type `pip install sentencepiece protobuf`") from error
        raise
    check_vocabulary(folder, tokenizer)
    return tokenizer


def check_vocabulary(folder: Path, tokenizer: Tokenizer) -> None:
    """Raise ModelError unless the folder has tokenizer.json or all other vocabulary files."""
    names = dict(tokenizer.vocab_files_names)
    whole = names.pop("tokenizer_file", "")
    if whole and (folder / whole).is_file():
        return
    if (names or not whole) and all((folder / name).is_file() for name in names.values()):
        return
    expected = " or ".join(filter(None, (whole, " with ".join(names.values()))))
    raise ModelError(
        f"checkpoint {folder} has no vocabulary (looked for {expected}); copy the tokenizer files"
        " of its base model"
    )


def load_image_processor(folder: Path, *, trust_remote_code: bool = False) -> ImageProcessor:
    """Load the PIL and numpy version of the image processor of `folder`.

    Its results do not depend on torchvision, which resizes differently and may not be installed.
    Raises ModelError if the processor is missing or invalid.
    """
    from transformers import AutoImageProcessor

    if not any((folder / name).is_file() for name in _PROCESSOR_FILES):
        raise ModelError(
            f"checkpoint {folder} has no image processor (looked for"
            f" {' or '.join(_PROCESSOR_FILES)}); copy the file of its base model"
        )
    with quiet(), loading(folder, "image processor"):
        processor: ImageProcessor = AutoImageProcessor.from_pretrained(
            folder, backend="pil", local_files_only=True, trust_remote_code=trust_remote_code
        )
    return processor


def load_processor(folder: Path, *, trust_remote_code: bool = False) -> Processor:
    """Load the processor of `folder` by AutoProcessor, with an image processor that uses PIL.

    The image processor is loaded separately, since AutoProcessor's option for PIL fails for folders
    with a video processor. Raises MissingExtra if the processor needs torchvision and this is not
    installed, ModelError if the processor is invalid.
    """
    try:
        processor: Processor = load_part(
            folder, "AutoProcessor", "processor", trust_remote_code=trust_remote_code
        )
    except ModelError as error:
        if "Torchvision" in str(error) and find_spec("torchvision") is None:
            raise MissingExtra(f"checkpoint {folder}", "torchvision", "mmbench[video]") from error
        raise
    if hasattr(processor, "image_processor"):
        processor.image_processor = load_image_processor(
            folder, trust_remote_code=trust_remote_code
        )
    return processor


def load_feature_extractor(folder: Path) -> AudioFeatureExtractor:
    """Load the audio feature extractor of `folder`. Raises ModelError if it is invalid."""
    extractor: AudioFeatureExtractor = load_part(
        folder, "AutoFeatureExtractor", "feature extractor"
    )
    return extractor


def model_type(folder: Path) -> str:
    """Read the model type ("speecht5") from config.json. Raises ModelError if it is invalid."""
    return str(load_part(folder, "AutoConfig", "configuration").model_type)


def load_part(
    folder: Path, auto: str, part: str, *, trust_remote_code: bool = False, **options: object
) -> Any:
    """Load a part of a checkpoint with an Auto class of transformers.

    `auto` is the name of the class (AutoFeatureExtractor); `part` describes the part in the message
    of the ModelError that is raised on failure; `options` are passed to `from_pretrained`.
    """
    import transformers

    with quiet(), loading(folder, part):
        return getattr(transformers, auto).from_pretrained(
            folder, local_files_only=True, trust_remote_code=trust_remote_code, **options
        )

"""The fluency error detector of FENSE: a BERT with six probabilities of errors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from mmbench.errors import ModelError
from mmbench.models.support.arrays import float32_array
from mmbench.models.support.pretrained import load_part, load_tokenizer
from mmbench.models.support.state_dicts import load_state_dict, read_state_dict
from mmbench.types import Modality

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.types import Array

_HINT = (
    "download echecker_clotho_audiocaps_base.ckpt from"
    " github.com/blmoistawinde/fense/releases/tag/V0.1 into a folder with config.json and the"
    " tokenizer of bert-base-uncased"
)
_ENCODER, _HEAD = "encoder.", "clf."
_MAX_TOKENS = 64
_NOT_WORDS = re.compile(r"[^\w\s]")


class Fluency:
    """The fluency error detector of FENSE, from the file that its authors publish.

    `folder` is a folder with one .ckpt file, and the config.json and the tokenizer of the BERT that
    was fine-tuned, or this file in such a folder. The first token's last vector goes through a
    linear layer, and each logit through a sigmoid: the classes do not exclude each other, and the
    last, `error`, stands for any error. Texts are lower-cased, without punctuation, and truncated
    to 64 tokens. `device` is cpu, cuda or cuda:N; `dtype` is float32, bfloat16 or float16. Code in
    the file is never executed. Raises ModelError if a part is missing or does not fit.
    Source: blmoistawinde/fense `Evaluator`; aac-metrics 0.6.0 `functional/fer.py`.
    """

    modalities: frozenset[Modality] = frozenset({"text"})
    version = 1
    default_checkpoint: str | None = None
    checkpoints = (".ckpt",)
    configuration = "config.json"
    scores = "probabilities"
    labels: ClassVar[list[str]] = [
        *("add_tail", "repeat_event", "repeat_adv", "remove_conj", "remove_verb", "error")
    ]

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        import torch
        import transformers

        file = _checkpoint_file(folder)
        tensors = read_state_dict(file).tensors
        config = load_part(file.parent, "AutoConfig", "configuration")
        self._encoder = transformers.AutoModel.from_config(config)
        self._head = torch.nn.Linear(config.hidden_size, len(self.labels))
        # Up to version 4.30, transformers stored the numbers of the positions.
        tensors.pop(f"{_ENCODER}embeddings.position_ids", None)
        expected = f"the {config.model_type} of {file.parent / 'config.json'} with 6 classes"
        whole = torch.nn.ModuleDict({_ENCODER[:-1]: self._encoder, _HEAD[:-1]: self._head})
        load_state_dict(whole, tensors, str(file), expected, _HINT)
        whole.eval().requires_grad_(False).to(device, getattr(torch, dtype))
        self._device = device
        self._tokenizer = load_tokenizer(file.parent)

    def classify(self, items: Sequence[str], modality: Modality) -> Array:  # noqa: ARG002
        """Return the probabilities of the errors in n texts, float32 [n, 6]."""
        import torch

        ids = [self._ids(text) for text in items]
        batch = self._tokenizer.pad({"input_ids": ids}, return_tensors="pt").to(self._device)
        with torch.inference_mode():
            vectors: Tensor = self._encoder(**batch).last_hidden_state[:, 0]
            return float32_array(self._head(vectors).float().sigmoid())

    def _ids(self, text: str) -> list[int]:
        plain = _NOT_WORDS.sub("", text).lower()
        return list(self._tokenizer(plain, truncation=True, max_length=_MAX_TOKENS)["input_ids"])


def _checkpoint_file(folder: Path | None) -> Path:
    if folder is None:
        raise ModelError(f"model fluency needs a folder; {_HINT}")
    files = sorted(folder.glob("*.ckpt")) if folder.is_dir() else [folder]
    if len(files) != 1:
        found = f"{len(files)} files" if files else "no file"
        raise ModelError(f"checkpoint {folder} has {found} with the suffix .ckpt; {_HINT}")
    return files[0]

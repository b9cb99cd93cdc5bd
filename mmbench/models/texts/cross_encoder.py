"""Cross-encoders of transformers, which read a query and a document together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.errors import ModelError
from mmbench.models.support.arrays import float32_array
from mmbench.models.support.pretrained import (
    WEIGHT_FILES,
    checkpoint_folder,
    load_model,
    load_tokenizer,
)
from mmbench.models.texts.layers import position_limit
from mmbench.types import Modality

if TYPE_CHECKING:
    from mmbench.types import Array


class CrossEncoder:
    """A sequence classifier of transformers with one logit: BERT, RoBERTa, XLM-R, ModernBERT ….

    `folder` is a checkpoint folder with a tokenizer, such as those of cross-encoder/ms-marco-* and
    BAAI/bge-reranker-*. Both texts are stripped, and truncated together to the limit of the
    tokenizer and of the positions, from the end of the longer one, as in `CrossEncoder.predict` of
    sentence-transformers; its sigmoid would not change the order. `device` is cpu, cuda or cuda:N;
    `dtype` is float32, bfloat16 or float16. Code in the folder runs only with `trust_remote_code`.
    Raises ModelError for a classifier with several classes, and if a part is missing.
    """

    modalities: frozenset[Modality] = frozenset({"text"})
    version = 1
    default_checkpoint: str | None = None
    checkpoints = WEIGHT_FILES

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        trust_remote_code: bool = False,
    ) -> None:
        folder = checkpoint_folder(folder, "cross-encoder", "cross-encoder/ms-marco-MiniLM-L6-v2")
        self._device = device
        self._model: Any = load_model(
            folder,
            device=device,
            dtype=dtype,
            trust_remote_code=trust_remote_code,
            auto="AutoModelForSequenceClassification",
        )
        if (classes := self._model.config.num_labels) != 1:
            raise ModelError(
                f"checkpoint {folder} is a classifier with {classes} classes; cross-encoder needs a"
                " model with one score, such as cross-encoder/ms-marco-MiniLM-L6-v2"
            )
        self._tokenizer: Any = load_tokenizer(folder, trust_remote_code=trust_remote_code)
        if self._tokenizer.pad_token is None:
            raise ModelError(f"checkpoint {folder}: its tokenizer has no token for padding")
        limit = position_limit(self._model.base_model)
        self._limit = min(self._tokenizer.model_max_length, limit)

    def relevance(self, pairs: Sequence[Any]) -> Array:
        """Return the logits of n pairs of texts, float32 [n, 1]."""
        import torch

        queries, documents = ([turns[side].parts[0].strip() for turns in pairs] for side in (0, 1))
        batch = self._tokenizer(
            queries,
            documents,
            padding=True,
            truncation="longest_first",
            max_length=self._limit,
            return_tensors="pt",
        )
        with torch.inference_mode():
            return float32_array(self._model(**batch.to(self._device)).logits.float())

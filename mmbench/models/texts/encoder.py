"""Text encoders of transformers: sentence embeddings, and matches of tokens for BERTScore."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.models.support.arrays import float32_array
from mmbench.models.support.pretrained import (
    WEIGHT_FILES,
    checkpoint_folder,
    load_model,
    load_tokenizer,
)
from mmbench.models.texts.layers import keep_layers, position_limit, refuse_decoder
from mmbench.models.texts.matching import match
from mmbench.models.texts.prompts import prompts_for
from mmbench.models.texts.sentences import SentenceSettings, pool, sentence_settings
from mmbench.types import MatchRequest, Modality, Role, TokenMatches

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.types import Array

_BATCH = 64  # texts of one forward pass of `match_tokens`

# Byte-level tokenizers, for which bert-score sets a space before the first word.
_SPACE_FIRST = ("Roberta", "GPT2")


class TextEncoder:
    """Any encoder of transformers: BERT, RoBERTa, MPNet, DeBERTa, ModernBERT ….

    `folder` is a checkpoint folder of transformers or of sentence-transformers. The settings of the
    latter (pooling, maximum length, lower case) apply to sentence embeddings; without them, an
    embedding is the mean of the last vectors of all tokens. `query_prompt` and `document_prompt`
    are written before texts to embed, by role: prefixes such as `query: `, or templates with {text}
    and {instruction}, the instruction of the task. Prompts in the folder are used only with
    `checkpoint_prompts`. `layer` is the number of layers that are kept: 9 for the output of the
    ninth layer, 0 for the embeddings of the tokens; by default, all. `device` is cpu, cuda or
    cuda:N. `dtype` is float32, bfloat16 or float16; results are always float32. Code in the folder
    runs only with `trust_remote_code`. Raises ModelError if the folder holds another kind of model
    or lacks a part.
    """

    modalities: frozenset[Modality] = frozenset({"text"})
    version = 1
    default_checkpoint: str | None = None
    # Repositories of sentence-transformers have settings in subfolders, next to these weights.
    checkpoints = WEIGHT_FILES

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        layer: int | None = None,
        query_prompt: str | None = None,
        document_prompt: str | None = None,
        checkpoint_prompts: bool = False,
        trust_remote_code: bool = False,
    ) -> None:
        folder = checkpoint_folder(folder, "text-encoder", "FacebookAI/roberta-large")
        self._settings: SentenceSettings = sentence_settings(folder)
        self._prompts = prompts_for(
            folder, query_prompt, document_prompt, from_checkpoint=checkpoint_prompts
        )
        inner = folder / self._settings.folder
        self._device = device
        self._model = load_model(
            inner,
            device=device,
            dtype=dtype,
            trust_remote_code=trust_remote_code,
            unused=("pooler.",),  # checkpoints of language models lack it
        )
        refuse_decoder(self._model, folder)
        if layer is not None:
            keep_layers(self._model, layer, folder)
        self._tokenizer = load_tokenizer(inner, trust_remote_code=trust_remote_code)
        limit = position_limit(self._model)
        self._limit = min(self._tokenizer.model_max_length, limit)
        self._sentence_limit = min(self._settings.max_length or self._limit, limit)

    def embed(self, items: Sequence[str], modality: Modality, role: Role) -> Array:
        """Return the sentence embeddings of n texts, float32 [n, d], not normalised."""
        return self.embed_instructed(items, modality, role, "")

    def embed_instructed(
        self,
        items: Sequence[str],
        modality: Modality,  # noqa: ARG002
        role: Role,
        instruction: str,
    ) -> Array:
        """Return embeddings as `embed` does; the instruction of the task is put into the prompt."""
        texts = [self._prompts.apply(text, role, instruction).strip() for text in items]
        if self._settings.lower_case:
            texts = [text.lower() for text in texts]
        vectors, mask = self._forward(self._ids(texts, self._sentence_limit))
        return float32_array(pool(vectors, mask, self._settings.pooling))

    def match_tokens(self, items: Sequence[MatchRequest]) -> Sequence[TokenMatches]:
        """Match the tokens of n texts with the tokens of their references, by cosine.

        Every distinct text is encoded once. Texts are stripped, as in bert-score, and truncated to
        the limit of the tokenizer and the positions of the model.
        """
        texts = dict.fromkeys(text for item in items for text in (item.text, *item.references))
        ids = dict(zip(texts, self._ids(map(self._led, texts), self._limit), strict=True))
        vectors = dict(self._token_vectors(ids))
        ends = {self._special("cls_token_id"), self._special("sep_token_id")} - {None}
        return [match(item, ids, vectors, ends) for item in items]

    def _special(self, name: str) -> int | None:
        return getattr(self._tokenizer, name, None)

    def _led(self, text: str) -> str:
        """Return a text without white space around it, but perhaps with the space of RoBERTa."""
        text = text.strip()
        first = type(self._tokenizer).__name__.startswith(_SPACE_FIRST) and text
        return f" {text}" if first else text

    def _ids(self, texts: Iterable[str], limit: int) -> list[list[int]]:
        encoding = self._tokenizer(list(texts), truncation=True, max_length=limit)
        return [list(ids) for ids in encoding["input_ids"]]

    def _token_vectors(self, ids: dict[str, list[int]]) -> Iterable[tuple[str, Tensor]]:
        """Yield each text with the vectors of its tokens, float32 [t, d] of length 1."""
        import torch

        ordered = sorted(ids, key=lambda text: -len(ids[text]))  # little padding
        for start in range(0, len(ordered), _BATCH):
            part = ordered[start : start + _BATCH]
            vectors, _ = self._forward([ids[text] for text in part])
            unit = torch.nn.functional.normalize(vectors, dim=-1)
            yield from ((text, one[: len(ids[text])]) for text, one in zip(part, unit, strict=True))

    def _forward(self, batch: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
        """Return the vectors of tokens, float32 [n, t, d], and the mask of padding [n, t]."""
        import torch

        length = max(1, *map(len, batch))  # a tokenizer may return no token
        padding = self._tokenizer.pad_token_id or 0
        ids = torch.tensor([one + [padding] * (length - len(one)) for one in batch])
        mask = torch.tensor([[1] * len(one) + [0] * (length - len(one)) for one in batch])
        ids, mask = ids.to(self._device), mask.to(self._device)
        with torch.inference_mode():
            output = self._model(input_ids=ids, attention_mask=mask)
        return output.last_hidden_state.float(), mask

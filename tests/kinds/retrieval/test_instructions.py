"""The instruction of a retrieval task, which models that take instructions get for queries."""

import msgspec
import numpy as np

from mmbench.datasets import RetrievalData
from mmbench.engine.dispatch import call, decode_vectors
from mmbench.engine.identity import fingerprint
from mmbench.engine.inference.cached_inference import _request_name
from mmbench.engine.loading.abilities import kind_of
from mmbench.engine.loading.prepare import find_task
from mmbench.engine.options import RunSettings
from mmbench.types import Sample

DATA = RetrievalData([Sample("q", {"text": "a"})], [Sample("d", {"image": "b"})], {"q": {"d": 1.0}})


class Plain:
    modalities = frozenset({"text"})

    def embed(self, items: list[str], modality: str, role: str) -> np.ndarray:
        return np.array([[len(item), 1] for item in items], np.float32)


class Instructed(Plain):
    def embed_instructed(
        self, items: list[str], modality: str, role: str, instruction: str
    ) -> np.ndarray:
        return self.embed([instruction + item for item in items], modality, role)


def test_queries_alone_have_the_instruction() -> None:
    spec, usual = find_task("shapes-retrieval", RunSettings())
    options = msgspec.structs.replace(spec.options, instruction="Find it.")
    asked = msgspec.structs.replace(spec, options=options)
    assert fingerprint(asked) != fingerprint(spec)
    requests = kind_of(asked).requests(DATA, 0)
    assert {name: one.instruction for name, one in requests.items()} == {
        "query": "Find it.",
        "corpus": "",
    }
    plain = usual.requests(DATA, 0)
    assert _request_name(plain["query"]) == "text-query"
    assert _request_name(requests["query"]).startswith("text-query-")
    for model, length in ((Plain(), 1), (Instructed(), 9)):
        rows = call(model, ["a"], requests["query"], "model")
        assert decode_vectors([bytes(rows[0])]).tolist() == [[length, 1]]
        rows = call(model, ["a"], plain["query"], "model")
        assert decode_vectors([bytes(rows[0])]).tolist() == [[1, 1]]

"""Composed queries that a model embeds together: requests, failures, and a run of such a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmbench
from mmbench.engine.options import RunSettings
from mmbench.engine.run import run
from mmbench.errors import UserError
from mmbench.kinds.retrieval.composed import joint_requests
from mmbench.protocols import EmbedsJointly
from mmbench.types import InvalidContent, Media, Message, Requests
from tests.support.files import write_file


def unit(vectors: list[Any]) -> np.ndarray:
    made = np.array(vectors, np.float64)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


class Sums:
    """Embeds images by their mean colours and texts by counts of letters."""

    modalities = frozenset({"text", "image"})

    def __init__(self, folder: object, *, device: str, dtype: str) -> None:
        self.calls = 0

    def embed(self, items: Any, modality: str, role: str) -> np.ndarray:
        if modality == "image":
            return unit([np.asarray(one, float).mean((0, 1)) for one in items]).astype(np.float32)
        return unit([[1 + one.count(c) for c in "aeo"] for one in items]).astype(np.float32)


class Fuses(Sums):
    """Adds the vectors of both contents, as `compose: sum` does."""

    def embed_joint(self, conversations: Any, role: str, instruction: str) -> np.ndarray:
        assert (role, instruction) == ("query", "find it")
        pairs = [message.parts for (message,) in conversations]
        images = self.embed([image for image, _ in pairs], "image", role)
        return images + self.embed([text for _, text in pairs], "text", role)


@pytest.fixture
def tasks(own_plugins: None, tmp_path: Path) -> dict[str, str]:
    mmbench.register("model", "sums")(Sums)
    mmbench.register("model", "fuses")(Fuses)
    return {
        how: str(
            write_file(
                tmp_path / f"{how}.yaml",
                f"include: shapes-composed\ncompose: {how}\ninstruction: find it\n",
            )
        )
        for how in ("sum", "joint")
    }


@pytest.mark.slow
def test_a_model_that_adds_its_vectors_scores_as_their_sum(tasks: dict[str, str]) -> None:
    options = RunSettings(limit=12, fresh=True, device="cpu")
    summed, joint = (run("fuses", tasks[how], options).record for how in ("sum", "joint"))
    assert {n: s.value for n, s in joint.scores.items()} == {
        n: s.value for n, s in summed.scores.items()
    }
    assert joint.task.fingerprint != summed.task.fingerprint
    assert "compose=joint" in joint.scores[joint.headline].signature


def test_another_model_is_refused(tasks: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"needs a model that can embed, embed_joint .*sums cannot"):
        run("sums", tasks["joint"], RunSettings(limit=3, device="cpu"))


def test_contents_are_parts_of_one_message() -> None:
    image, broken = Media("image", "a.png"), InvalidContent("no image")
    queries = Requests([image, broken, image], "image", "query")
    texts = Requests(["x", "y", InvalidContent("no text")], "text", "query")
    made = joint_requests(queries, texts)
    assert made.contents == [(Message("user", (image, "x")),), broken, InvalidContent("no text")]
    assert (made.method, made.role) == ("embed_joint", "query")


def test_the_ability_has_both_methods() -> None:
    assert isinstance(Fuses(None, device="cpu", dtype="float32"), EmbedsJointly)
    assert not isinstance(Sums(None, device="cpu", dtype="float32"), EmbedsJointly)

"""Hub ids: the real huggingface_hub, in processes of their own, against a local server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT
from tests.support.servers.model_hub import REPOSITORIES, SHA, SMALL, serving


@pytest.fixture
def hub() -> Iterator[tuple[str, list[str]]]:
    """Address of a fresh server, and the requests that it has seen."""
    with serving() as found:
        yield found


CHILD = """
import json, sys
from mmbench.checkpoints.resolve import resolve
from mmbench.errors import ModelError
try:
    takes, _, requires = sys.argv[3].partition("+")
    found = resolve(
        sys.argv[1], sys.argv[2] or None, takes=[*filter(None, takes.split())], requires=requires
    )
    said = {"folder": str(found.folder), "revision": found.revision, "hash": found.hash}
except ModelError as error:
    said = {"error": str(error)}
said["heavy"] = sorted({"torch", "transformers"} & sys.modules.keys())
print(json.dumps(said))
"""


def start(
    home: Path, endpoint: str, name: str, revision: str = "", takes: str = "", **more: str
) -> subprocess.Popen[str]:
    """Resolve in a new process, since huggingface_hub reads its environment when imported.

    `takes` lists the checkpoint files of a class, followed by + and the file that it requires.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    env = {**kept, "HF_HOME": str(home), "HF_ENDPOINT": endpoint, "NO_PROXY": "*", **more}
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, name, revision, takes],
        env=env,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(process.communicate(timeout=60)[0])
    assert said["heavy"] == []
    assert "\n" not in said.get("error", "")
    return said


def ask(
    home: Path, endpoint: str, name: str, revision: str = "", takes: str = "", **more: str
) -> dict[str, Any]:
    return finish(start(home, endpoint, name, revision, takes, **more))


def names(folder: str) -> set[str]:
    return {str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()}


def test_download_then_no_request(hub: tuple[str, list[str]], tmp_path: Path) -> None:
    endpoint, seen = hub
    first = ask(tmp_path, endpoint, "some/clip")
    assert (first["revision"], first["hash"]) == (SHA, SHA)
    assert names(first["folder"]) == {*SMALL, "model.safetensors"}
    assert Path(first["folder"], "model.safetensors").read_bytes() == b"weights"

    seen.clear()
    again = [start(tmp_path, endpoint, "some/clip", revision) for revision in ("", "main", SHA)]
    again.append(start(tmp_path, endpoint, "some/clip", HF_HUB_OFFLINE="1"))
    again.append(start(tmp_path, "http://127.0.0.1:9", "some/clip"))
    assert [finish(process) for process in again] == [first] * 5
    assert seen == []


@pytest.mark.slow
def test_a_class_that_takes_other_files_gets_these(
    hub: tuple[str, list[str]], tmp_path: Path
) -> None:
    """`some/clip` has one .h5, and of .safetensors three, of which nothing says which is meant."""
    endpoint, seen = hub
    found = ask(tmp_path, endpoint, "some/clip", "", ".h5")
    assert names(found["folder"]) == {*SMALL, "tf_model.h5", "onnx/config.json"}
    seen.clear()
    assert ask(tmp_path, endpoint, "some/clip", "", ".h5") == found
    assert seen == []
    several = ask(tmp_path, endpoint, "some/clip", "", ".safetensors")["error"]
    assert "has 3 files that the model's class loads (.safetensors); download one" in several


OPEN_CLIP = (
    "open_clip_model.safetensors open_clip_pytorch_model.bin model.safetensors .safetensors"
    "+open_clip_config.json"
)


@pytest.mark.slow
def test_of_several_named_files_the_first_is_taken(
    hub: tuple[str, list[str]], tmp_path: Path
) -> None:
    small = {"open_clip_config.json", "tokenizer.json"}
    found = ask(tmp_path, hub[0], "some/open-clip", "", OPEN_CLIP)
    assert names(found["folder"]) == small | {"open_clip_model.safetensors"}
    hub[1].clear()
    assert ask(tmp_path, hub[0], "some/open-clip", "", OPEN_CLIP) == found
    assert hub[1] == []
    without = ask(tmp_path, hub[0], "some/clip", "", OPEN_CLIP)["error"]
    assert without.startswith("some/clip on the hub has no open_clip_config.json among its ")


@pytest.mark.slow
def test_a_part_in_the_cache_that_lacks_the_required_file_is_completed(
    hub: tuple[str, list[str]], tmp_path: Path
) -> None:
    """Another adapter may have downloaded only the weights of transformers."""
    folder = Path(ask(tmp_path, hub[0], "some/both")["folder"])
    (folder / "open_clip_config.json").unlink()
    assert ask(tmp_path, hub[0], "some/both", "", OPEN_CLIP)["folder"] == str(folder)
    assert names(str(folder)) >= {"open_clip_config.json", "open_clip_pytorch_model.bin"}


def test_weights_of_open_clip_alone_name_its_adapter(
    hub: tuple[str, list[str]], tmp_path: Path
) -> None:
    error = ask(tmp_path, hub[0], "some/open-clip")["error"]
    assert "has no weights that transformers can load (looked for" in error
    assert error.endswith("among its 4 files); type openclip@some/open-clip")


@pytest.mark.slow
def test_a_pipeline_is_its_parts(hub: tuple[str, list[str]], tmp_path: Path) -> None:
    endpoint, seen = hub
    first = ask(tmp_path, endpoint, "some/pipeline")
    parts = {
        f"{part}/{file}"
        for part in ("unet", "vae")
        for file in ("config.json", "model.safetensors")
    }
    read = {"model_index.json", "tokenizer/merges.txt", *parts}
    assert names(first["folder"]) == read
    seen.clear()
    assert ask(tmp_path, endpoint, "some/pipeline") == first
    assert seen == []
    Path(first["folder"], "vae", "model.safetensors").unlink()  # another program fetched a part
    assert ask(tmp_path, endpoint, "some/pipeline") == first
    assert names(first["folder"]) == read


def test_a_file_missing_from_the_cache_is_fetched(
    hub: tuple[str, list[str]], tmp_path: Path
) -> None:
    endpoint, seen = hub
    folder = ask(tmp_path, endpoint, "some/sharded", "v1")["folder"]
    assert names(folder) == set(REPOSITORIES["some/sharded"])
    Path(folder, "model-00002-of-00002.safetensors").unlink()
    seen.clear()
    assert ask(tmp_path, endpoint, "some/sharded", "v1")["folder"] == folder
    assert names(folder) == set(REPOSITORIES["some/sharded"])
    fetched = [line for line in seen if line.startswith("GET /some")]
    assert len(fetched) <= 1, "the blob is kept, so that at most one file is read again"


def test_pickled_weights_where_there_is_nothing_else(
    hub: tuple[str, list[str]], tmp_path: Path
) -> None:
    said = ask(tmp_path, hub[0], "some/pickled")
    assert names(said["folder"]) == {*SMALL, "pytorch_model.bin"}


@pytest.mark.parametrize(
    ("name", "revision", "reason"),
    [
        ("some/nothing", "", " has no such model; check the spelling"),
        ("some/clip", "v2", "no such revision"),
        ("some/gated", "", "it is gated; accept its terms"),
        ("some/broken", "", "responded with status 500"),
        ("some/portal", "", "did not respond like a hub"),
        ("some/empty", "", "no weights that transformers can load"),
        ("no such/id", "", "neither a folder nor a hub id"),
    ],
)
def test_what_the_hub_refuses(
    hub: tuple[str, list[str]], tmp_path: Path, name: str, revision: str, reason: str
) -> None:
    error = ask(tmp_path, hub[0], name, revision)["error"]
    assert reason in error
    assert name in error


@pytest.mark.slow
def test_without_a_network_one_attempt(hub: tuple[str, list[str]], tmp_path: Path) -> None:
    """A closed port, a server that never answers, and one that never ends its answer."""
    endpoint, seen = hub
    waiting = [
        start(tmp_path, endpoint, "some/silent"),
        start(tmp_path, endpoint, "some/trickle"),
        start(tmp_path, "http://127.0.0.1:9", "some/clip"),
    ]
    for process in waiting:
        error = finish(process)["error"]
        assert "cannot be reached" in error
        assert str(tmp_path / "hub") in error
        assert "give a local folder: NAME@FOLDER" in error
    assert len(seen) == 2, "asked once each, never again"


def test_offline_asks_nobody(hub: tuple[str, list[str]], tmp_path: Path) -> None:
    error = ask(tmp_path, hub[0], "some/clip", HF_HUB_OFFLINE="1")["error"]
    assert "HF_HUB_OFFLINE" in error
    assert hub[1] == []

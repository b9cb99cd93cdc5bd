"""Nodes that do not see the files of the driver, see other bytes, or have other libraries."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine.workers.nodes import (
    GUEST,
    HOST,
    Cluster,
    cluster_in,
    network_namespace,
    with_other,
    without,
)
from tests.support.boards import stored_rows
from tests.support.checkpoints import contrastive
from tests.support.layouts.coco import make_coco
from tests.support.media.images import save_image
from tests.support.paths import real_data

pytestmark = pytest.mark.slow
TASK = "coco-retrieval"


@pytest.fixture
def own_address() -> str:
    import ray

    address: str = ray.util.get_node_ip_address()
    return address


def command(plugin: Path, data: Path, out: Path) -> list[Any]:
    return [
        *("run", "--plugin", plugin, "-m", "logged", "-t", TASK, "--data", data),
        *("--batch-size", 8, "--device", "cpu", "--out", out, "--fresh"),
    ]


def rows_alone(cluster: Cluster, plugin: Path, data: Path, out: Path) -> list[dict[str, Any]]:
    """Return the rows of a run without workers."""
    words = [sys.executable, "-m", "mmbench", *map(str, command(plugin, data, out))]
    subprocess.run(words, env=cluster.environment, check=True, capture_output=True)
    return stored_rows(out)


def test_a_node_without_the_files_and_the_plugin_computes_the_same_bits(
    tmp_path: Path, plugin_file: Path
) -> None:
    data = make_coco(tmp_path / "data" / "coco", 20)
    with network_namespace() as enter, cluster_in(tmp_path / "cluster", HOST) as cluster:
        hidden = without(data.parent, plugin_file.parent)
        cluster.add_node(*enter, *hidden, flags=(f"--node-ip-address={GUEST}",))
        done = cluster.run(*command(plugin_file, data, tmp_path / "out"))
        assert done.returncode == 0, done.stderr
        assert stored_rows(tmp_path / "out") == rows_alone(
            cluster, plugin_file, data, tmp_path / "alone"
        )


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")
def test_two_nodes_without_files_in_common_run_coco_retrieval_to_the_same_bits(
    tmp_path: Path,
) -> None:
    coco = real_data("coco-mini")
    contrastive.build("clip", tmp_path / "clip")
    words = [
        *("run", "-m", f"clip@{tmp_path / 'clip'}", "-t", TASK, "--data", coco, "--device", "cpu"),
        *("--batch-size", 8, "--out", tmp_path / "out", "--fresh", "--json"),
    ]
    with network_namespace() as enter, cluster_in(tmp_path / "cluster", HOST) as cluster:
        cluster.add_node(*without(coco), flags=(f"--node-ip-address={HOST}",))
        cluster.add_node(*enter, *without(coco), flags=(f"--node-ip-address={GUEST}",))
        done = cluster.run(*words, "--workers", 2)
        assert done.returncode == 0, done.stderr
        words[words.index(tmp_path / "out")] = tmp_path / "alone"
        alone = subprocess.run(
            [sys.executable, "-m", "mmbench", *map(str, words)],
            env=cluster.environment,
            check=True,
            capture_output=True,
        )
    (found,), (expected,) = json.loads(done.stdout), json.loads(alone.stdout)
    assert found["counts"]["samples"] > 159
    assert found["counts"]["computed"] > 0
    assert len(found["environment"]["nodes"]) == 2
    assert found["scores"] == expected["scores"]
    assert stored_rows(tmp_path / "out") == stored_rows(tmp_path / "alone")


def test_a_node_with_another_file_of_the_same_name_gets_the_bytes_of_the_driver(
    tmp_path: Path, plugin_file: Path, own_address: str
) -> None:
    data = make_coco(tmp_path / "coco", 20)
    other = Path(shutil.copytree(data, tmp_path / "other"))
    save_image(other / "images" / f"{3:012}.png", (1, 2, 3), (40, 40))
    with cluster_in(tmp_path / "cluster", own_address) as cluster:
        cluster.add_node(*with_other(data, other))
        done = cluster.run(*command(plugin_file, data, tmp_path / "out"))
        assert done.returncode == 0, done.stderr
        assert stored_rows(tmp_path / "out") == rows_alone(
            cluster, plugin_file, data, tmp_path / "alone"
        )


def test_a_node_with_another_library_is_refused_by_name(
    tmp_path: Path, plugin_file: Path, own_address: str
) -> None:
    package = tmp_path / "libraries" / "soxr-9.9.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: soxr\nVersion: 9.9\n")
    data = make_coco(tmp_path / "coco", 6)
    with cluster_in(tmp_path / "cluster", own_address) as cluster:
        path = f"{package.parent}:{cluster.environment['PYTHONPATH']}"
        cluster.add_node(PYTHONPATH=path)
        done = cluster.run(*command(plugin_file, data, tmp_path / "out"))
    assert done.returncode == 2
    assert "soxr 9.9 (the driver has" in done.stderr
    assert "install the same versions" in done.stderr
    assert f"({own_address}) is refused" in done.stderr


def test_a_node_with_other_weights_is_refused(
    tmp_path: Path, plugin_file: Path, own_address: str
) -> None:
    data, weights = make_coco(tmp_path / "coco", 6), tmp_path / "weights"
    weights.mkdir()
    (weights / "model.npz").write_bytes(b"1")
    other = Path(shutil.copytree(weights, tmp_path / "other"))
    (other / "model.npz").write_bytes(b"2")
    with cluster_in(tmp_path / "cluster", own_address) as cluster:
        cluster.add_node(*with_other(weights, other))
        words = command(plugin_file, data, tmp_path / "out")
        words[words.index("logged")] = f"logged@{weights}"
        done = cluster.run(*words)
    assert done.returncode == 2
    assert f"its weights of {weights} differ from those of the driver" in done.stderr


def test_a_node_without_the_checkpoint_is_refused_in_one_line(
    tmp_path: Path, plugin_file: Path, own_address: str
) -> None:
    data, weights = make_coco(tmp_path / "coco", 6), tmp_path / "weights"
    weights.mkdir()
    (weights / "model.npz").write_bytes(b"1")
    with cluster_in(tmp_path / "cluster", own_address) as cluster:
        cluster.add_node(*without(weights))
        words = command(plugin_file, data, tmp_path / "out")
        words[words.index("logged")] = f"logged@{weights}"
        done = cluster.run(*words)
    assert done.returncode == 2
    error = done.stderr.splitlines()[-1]
    assert f"({own_address})" in error
    assert str(weights) in error
    assert error.endswith("; put the model's files on each node, under the same path")
    assert "Traceback" not in done.stderr

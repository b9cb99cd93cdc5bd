"""Ray nodes as processes on this machine, with other files, libraries and networks."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RAY = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats"]
_NUMBER = os.getpid()  # so that tests may run at the same time
_NET = f"10.{213 + _NUMBER // 250 % 32}.{_NUMBER % 250}"
HOST, GUEST = f"{_NET}.1", f"{_NET}.2"  # of the two ends of a link between namespaces
NAMESPACE, LINK = f"mmbench-{_NUMBER}", f"mmb{_NUMBER}"
_NODES = """
import sys, ray
ray.init(address=sys.argv[1], log_to_driver=False)
print(sum(node["Alive"] for node in ray.nodes()))
"""


class Cluster:
    """A head node without cores, and nodes with one core each that join it."""

    def __init__(self, folder: Path, host: str) -> None:
        with socket.socket() as server:
            server.bind(("", 0))
            port = server.getsockname()[1]
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self.address = f"{host}:{port}"
        self.environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "OMP_NUM_THREADS": "1",
            "RAY_AUTH_MODE": "disabled",
        }
        self._temp = tempfile.mkdtemp(prefix="ray-")  # paths of sockets have 107 bytes at most
        temp = f"--temp-dir={self._temp}"
        flags = ["--head", f"--port={port}", f"--node-ip-address={host}", "--num-cpus=0", temp]
        self._start([*RAY, *flags, "--include-dashboard=false"])

    def add_node(self, *inside: str, flags: tuple[str, ...] = (), **env: str) -> None:
        """Start a node; `inside` is a command that runs the command of the node."""
        command = [*RAY, f"--address={self.address}", "--num-cpus=1", *flags]
        self._start([*inside, *command], **env)

    def _start(self, command: list[str], **env: str) -> None:
        number = len(self._processes) + 1
        with (self._folder / f"node-{number}.log").open("wb") as log:
            self._processes.append(
                subprocess.Popen(
                    [*command, "--object-store-memory=104857600"],
                    env=self.environment | env,
                    stdout=log,
                    stderr=log,
                )
            )
        self._wait(number)

    def _wait(self, nodes: int) -> None:
        command = [sys.executable, "-c", _NODES, self.address]
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and all(one.poll() is None for one in self._processes):
            done = subprocess.run(
                command, env=self.environment, capture_output=True, text=True, check=False
            )
            if done.stdout.strip() == str(nodes):
                return
            time.sleep(0.5)
        logs = [file.read_text() for file in sorted(self._folder.glob("node-*.log"))]
        raise AssertionError("\n".join(logs))

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a command of mmbench in the cluster."""
        command = [sys.executable, "-m", "mmbench", *map(str, arguments), "--ray", self.address]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )

    def stop(self) -> None:
        """End all nodes."""
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            process.wait(60)
        shutil.rmtree(self._temp)


@contextmanager
def cluster_in(folder: Path, host: str) -> Iterator[Cluster]:
    """Start a cluster with a head node, and end it after the context."""
    folder.mkdir()
    cluster = Cluster(folder, host)
    try:
        yield cluster
    finally:
        cluster.stop()


@contextmanager
def network_namespace() -> Iterator[list[str]]:
    """Make a network namespace that is linked to this one; yield a command that enters it."""

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)

    enter = ["ip", "netns", "exec", NAMESPACE]
    ip("netns", "add", NAMESPACE)
    try:
        ip("link", "add", LINK, "type", "veth", "peer", "name", "inside", "netns", NAMESPACE)
        ip("addr", "add", f"{HOST}/24", "dev", LINK)
        ip("link", "set", LINK, "up")
        for words in (
            ["addr", "add", f"{GUEST}/24", "dev", "inside"],
            ["link", "set", "inside", "up"],
            ["link", "set", "lo", "up"],
        ):
            subprocess.run([*enter, "ip", *words], check=True, capture_output=True)
        yield enter
    finally:
        ip("netns", "delete", NAMESPACE)  # and its end of the link


def without(*folders: Path) -> list[str]:
    """Return a command that runs another one with empty folders in place of these."""
    mounts = "; ".join(f"mount -t tmpfs none {folder}" for folder in folders)
    return ["unshare", "-m", "bash", "-c", f'{mounts}; exec "$@"', "bash"]


def with_other(folder: Path, other: Path) -> list[str]:
    """Return a command that runs another one with the contents of `other` in place of `folder`."""
    return ["unshare", "-m", "bash", "-c", f'mount --bind {other} {folder}; exec "$@"', "bash"]

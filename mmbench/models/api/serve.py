"""Checkpoints behind a server that mmbench starts: vLLM or `transformers serve`."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import ClassVar, NamedTuple

from mmbench.errors import ModelError
from mmbench.models.api.adapter import NO_OPTIONS, Api, ApiOptions
from mmbench.models.api.endpoint import ConnectionOptions
from mmbench.models.api.server_process import ServerProcess
from mmbench.models.support.frame_options import EIGHT_FRAMES, FrameOptions
from mmbench.models.support.pretrained import checkpoint_folder
from mmbench.text import plain

_VERSION = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"


class _Settings(NamedTuple):
    """The settings of a server. `name` is the model's name in requests."""

    folder: Path
    name: str
    device: str
    dtype: str
    trust_remote_code: bool
    batch_invariant: bool


class _Engine(NamedTuple):
    """A program that serves checkpoints: its package, its arguments and its environment."""

    package: str
    arguments: Callable[[_Settings], list[str]]
    environment: Callable[[_Settings], dict[str, str]]


def _vllm_arguments(settings: _Settings) -> list[str]:
    trusting = ["--trust-remote-code"] if settings.trust_remote_code else []
    return [
        *("serve", str(settings.folder), "--host", "127.0.0.1", "--port", "{port}"),
        *("--served-model-name", settings.name, "--dtype", settings.dtype, "--seed", "0"),
        *trusting,
    ]


def _vllm_environment(settings: _Settings) -> dict[str, str]:
    """Return the environment of vLLM.

    With VLLM_BATCH_INVARIANT an answer does not depend on the requests that share its batch
    (compute capability 8.0 or later).
    """
    _, _, number = settings.device.partition(":")
    visible = {"CUDA_VISIBLE_DEVICES": number} if number else {}
    return {"VLLM_BATCH_INVARIANT": "1" if settings.batch_invariant else "0"} | visible


def _transformers_arguments(settings: _Settings) -> list[str]:
    trusting = ["--trust-remote-code"] if settings.trust_remote_code else []
    return [
        *("serve", str(settings.folder), "--host", "127.0.0.1", "--port", "{port}"),
        *("--device", settings.device, "--dtype", settings.dtype, "--default-seed", "0"),
        *trusting,
    ]


_ENGINES = {
    "vllm": _Engine("vllm", _vllm_arguments, _vllm_environment),
    "transformers": _Engine("transformers", _transformers_arguments, lambda _: {}),
}


class Serve(Api):
    """A checkpoint behind a server on this machine: `serve:vllm@CHECKPOINT`.

    The server starts when the first output is needed and ends with the run, also after Ctrl-C or a
    crash. `engine` is vllm or transformers. `python` is the interpreter of the environment in which
    it is installed (by default this one), `flags` are further arguments of its command line, and
    `start_timeout` is the number of seconds until it must be ready. The identity covers weights,
    dtype, options and the version of the server. `batch_invariant` turns on vLLM's mode in which
    answers do not depend on the batch. The other options are those of `api`.
    """

    remote = False
    version = 1
    bfloat16 = True
    default_checkpoint: str | None = None
    variant = "engine"
    unhashed: ClassVar[frozenset[str]] = Api.unhashed | {"python", "start_timeout"}

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        engine: str = "",
        python: str = "",
        flags: str = "",
        batch_invariant: bool = True,
        start_timeout: float = 1800.0,
        trust_remote_code: bool = False,
        frame_options: FrameOptions = EIGHT_FRAMES,
        video: str = "frames",
        concurrency: int = 64,
        timeout: float = 600.0,
        check_media: bool = True,
        options: ApiOptions = NO_OPTIONS,
    ) -> None:
        folder = checkpoint_folder(folder, f"serve:{engine or 'vllm'}", "OWNER/NAME")
        settings = _Settings(folder, str(folder), device, dtype, trust_remote_code, batch_invariant)
        server = _engine(engine)
        self._software = self.identity(engine, python)
        command = [str(_program(engine, python)), *server.arguments(settings), *shlex.split(flags)]
        offline = {"HF_HUB_OFFLINE": "1"}  # the checkpoint is complete on disk
        self._server = ServerProcess(
            command, offline | server.environment(settings), seconds=start_timeout
        )
        super().__init__(
            None,
            device=device,
            dtype=dtype,
            connection=ConnectionOptions(
                model=settings.name,
                base=self._server.base,
                concurrency=concurrency,
                timeout=timeout,
            ),
            frame_options=frame_options,
            video=video,
            check_media=check_media,
            options=options,
        )

    def server(self) -> dict[str, str]:
        """Return the name and version of the server, and the facts that it reported."""
        return {"software": self._software, **super().server()}

    def server_notes(self) -> list[str]:
        """Return no note: what is served is known, whatever the server calls the checkpoint."""
        return []

    @classmethod
    def identity(cls, engine: str = "", python: str = "", **_: object) -> str:
        """Return the name and the version of the server. Raises ModelError if it is missing."""
        package = _engine(engine).package
        return f"{package}=={_installed_version(package, _interpreter(python))}"


def _engine(name: str) -> _Engine:
    if name not in _ENGINES:
        fault = f"there is no server {plain(repr(name))}" if name else "no server is named"
        names = " or ".join(f"serve:{known}@CHECKPOINT" for known in _ENGINES)
        raise ModelError(f"model serve: {fault}; type {names}")
    return _ENGINES[name]


def _interpreter(python: str) -> Path:
    """Return the path of an interpreter. Links are kept: a virtual environment is found by them."""
    return Path(python).expanduser().absolute() if python else Path(sys.executable)


def _program(engine: str, python: str) -> Path:
    """Return the program of a server, which lies next to the interpreter of its environment."""
    interpreter = _interpreter(python)
    program = interpreter.parent / _engine(engine).package
    if not program.is_file():
        raise _missing(engine, interpreter)
    return program


@cache
def _installed_version(package: str, interpreter: Path) -> str:
    command = [str(interpreter), "-c", _VERSION, package]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ModelError(
            f"model serve:{package}: {interpreter} cannot be run: {error.strerror}; give the"
            " interpreter of an environment with --model-arg python=PATH"
        ) from error
    if done.returncode:
        raise _missing(package, interpreter)
    return done.stdout.strip()


def _missing(package: str, interpreter: Path) -> ModelError:
    return ModelError(
        f"model serve:{package}: {package} is not installed for {interpreter}; type"
        f" `{interpreter} -m pip install {package}`, or give the interpreter of another environment"
        " with --model-arg python=PATH"
    )

"""Content hashes that identify a task, its data and a model."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from os import cpu_count
from pathlib import Path

import msgspec

from mmbench import __version__
from mmbench.checkpoints.resolve import Checkpoint
from mmbench.errors import DataError, SampleError
from mmbench.perturbations.names import as_text, parse
from mmbench.protocols import Dataset, ModelClass
from mmbench.storage.content_keys import ContentKeys, as_keys, digest, digest_of_keys
from mmbench.types import KindOptions, ModelInfo, RunRecord, TaskSpec

ABSENT = "absent"  # in place of the version of a package that is not installed

# Libraries with versions that can change scores, if only in the last digits.
NUMERIC = (
    *("numpy", "torch", "transformers", "tokenizers", "pillow"),
    *("av", "soundfile", "soxr", "diffusers", "peft"),
    *("faster-whisper", "ctranslate2"),
)

# More such libraries; an absent one is left out, so that journals written without them stay valid.
_OPTIONAL = ("open_clip_torch", "timm", "torchvision")


def canonical(value: object) -> str:
    """Return a value as JSON with sorted keys and no spaces; equal values give equal strings."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def fingerprint(spec: TaskSpec) -> str:
    """Return a hash of a task's kind, fields, options, protocol and version.

    The hash always covers the directions and the prompt. It covers any other option only if its
    value differs from the default, so that a new option of a kind does not change the fingerprints
    of existing tasks. It does not cover the options in `settings`. It covers the perturbation of a
    task that has one.
    """
    options = msgspec.to_builtins(spec.options)
    defaults = _defaults(type(spec.options))
    directions = options.pop("directions", "both")
    prompt = options.pop("prompt", "{text}")
    changed_options = {
        name: value
        for name, value in options.items()
        if name not in spec.options.settings and (name not in defaults or value != defaults[name])
    }
    question: list[object] = [spec.kind, spec.fields, directions, prompt, spec.protocol]
    question += [spec.version, *([changed_options] if changed_options else [])]
    question += [{"perturb": as_text(parse(spec.perturb))}] if spec.perturb else []
    return digest(canonical(question)).hex()


def refuse_changed_task(record: RunRecord, spec: TaskSpec) -> None:
    """Raise DataError if the task of a run had another fingerprint than the task `spec`."""
    if fingerprint(spec) != record.task.fingerprint:
        raise DataError(
            f"run {record.run}: task {spec.name} has changed since the run (version, fields,"
            " prompt or protocol differ); run the model again"
        )


def _defaults(options: type[KindOptions]) -> dict[str, object]:
    """Return the default values of a kind's options by name, without the required options."""
    fields = [field for field in msgspec.structs.fields(options) if not field.required]
    return {
        field.name: msgspec.to_builtins(
            field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
        )
        for field in fields
    }


def hash_data(
    spec: TaskSpec, data: Dataset, directions: list[str], keys: ContentKeys
) -> tuple[str, int]:
    """Return the hash of a run's samples and targets, and the number of unreadable contents.

    The hash covers the sample ids and the content keys, in order. For an unreadable content, it
    covers only the sample id.
    """
    unread = 0

    def parts() -> Iterator[bytes]:
        nonlocal unread
        for role, ident, content in data.contents(spec.fields, len(directions) > 1):
            try:
                key = keys.key(content)
            except SampleError:
                key, unread = b"unreadable", unread + 1
            yield digest(role, ident, key)

    return digest_of_keys(as_keys(parts()), data.targets_hash()).hex(), unread


def model_info(
    name: str,
    cls: ModelClass,
    checkpoint: Checkpoint | None,
    options: dict[str, object],
    dtype: str,
    *,
    source: Sequence[bytes] = (),
    parts: Sequence[str] = (),
    content_options: Collection[str] = (),
) -> ModelInfo:
    """Return a model's identity: registered name and version, source, options, dtype and weights.

    The module of the class is left out, so that a class can move. `source` is the source code of a
    plugin. `parts` are strings for everything else that can change the outputs, such as hashes of
    the files that options name and a declared `identity`. The options in `content_options` are
    recorded but not hashed, because `parts` includes the hashes of the files that they name.
    """
    version = str(getattr(cls, "version", 0))
    weights = checkpoint.hash if checkpoint else ""
    counted = {key: value for key, value in options.items() if key not in content_options}
    components = name, version, digest(*source), canonical(counted), dtype, weights
    return ModelInfo(
        name=name,
        checkpoint=checkpoint.name if checkpoint else None,
        revision=checkpoint.revision if checkpoint else None,
        hash=digest(*components, *parts).hex(),
        adapter=f"{name}@{version}",
        options=options,
        dtype=dtype,
    )


def journal_key(model: ModelInfo, device: str) -> str:
    """Return the name of a model's folder in the journal.

    The name is a hash of the model's hash, the device type and the library versions.
    """
    return digest(model.hash, device.partition(":")[0], canonical(versions())).hex()


@cache
def versions() -> dict[str, str]:
    """Return the versions of mmbench and of the libraries that can change scores."""
    optional = {name: package_version(name) for name in _OPTIONAL}
    return (
        {"mmbench": __version__}
        | {name: package_version(name) for name in NUMERIC}
        | {name: version for name, version in optional.items() if version != ABSENT}
    )


def all_versions() -> dict[str, str]:
    """Return the versions of `versions`, and the version of Python."""
    return versions() | {"python": platform.python_version()}


def package_version(name: str) -> str:
    """Return the version of an installed package, or `absent`."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ABSENT


def environment(device: str) -> dict[str, object]:
    """Return the environment of a run: versions, platform, device, threads and git commit."""
    torch = sys.modules.get("torch")  # not imported in a run without a model
    device_name = device
    if torch is not None and device.startswith("cuda") and torch.cuda.is_available():
        device_name = torch.cuda.get_device_name(device)
    return {
        "versions": all_versions(),
        "platform": f"{platform.system()}-{platform.machine()}",
        "device": device_name,
        "threads": torch.get_num_threads() if torch is not None else cpu_count(),
        "git": _commit(),
    }


@cache
def _commit() -> str | None:
    """Return the git commit of the checkout that mmbench runs from, with + if files have changed.

    Return None if mmbench does not run from a checkout, or if git is not installed.
    """
    root, git = Path(__file__).parents[3], shutil.which("git")
    if git is None or not (root / ".git").exists():
        return None
    describe = [git, "-C", str(root), "describe", "--always", "--dirty=+", "--abbrev=12"]
    done = subprocess.run(describe, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None

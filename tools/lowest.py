"""Print the requirements of an environment with the lowest versions that pyproject.toml allows.

`make test-lowest` installs them and runs the fast tests, so that a lower bound is a release that
works. Each `>=` becomes `==`; development tools that are in no other extra have the versions of
constraints.txt.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LEFT_OUT = ("gpu", "gpu-cuvs", "video", "openclip", "dev")
"""Extras that are not installed at their lowest versions.

`gpu` and `gpu-cuvs` exclude `index`; `video` and `openclip` have a separate environment (`make
test-torchvision`); `dev` is pinned.
"""


def lowest(requirement: Requirement) -> str:
    """Return a requirement with its lower bound as the only version.

    Raises ValueError unless it has exactly one bound, a lower one.
    """
    match list(requirement.specifier):
        case [bound] if bound.operator == ">=":
            return f"{requirement.name}=={bound.version}"
    raise ValueError(
        f"{requirement} needs exactly one lower bound; write, for example, {requirement.name}>=1.2"
    )


def requirements(project: Path = ROOT / "pyproject.toml") -> dict[str, list[Requirement]]:
    """Return the requirements of a project by extra; the key "" has those without an extra."""
    table = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    groups = {"": table["dependencies"], **table.get("optional-dependencies", {})}
    return {extra: [Requirement(line) for line in lines] for extra, lines in groups.items()}


def pinned(constraints: Path = ROOT / "constraints.txt") -> dict[str, str]:
    """Return the lines of constraints.txt by the normalised name of the distribution."""
    lines = constraints.read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if "==" in line and not line.startswith("#")]
    return {canonicalize_name(line.partition("==")[0]): line for line in pins}


def lines() -> Iterator[str]:
    """Yield the lines of the requirements file, each once."""
    groups, pins = requirements(), pinned()
    bounds = [r for extra, members in groups.items() if extra not in LEFT_OUT for r in members]
    yield from sorted({lowest(requirement) for requirement in bounds}, key=str.lower)
    tools = {canonicalize_name(requirement.name) for requirement in groups["dev"]}
    yield from sorted(pins[name] for name in tools - {canonicalize_name(r.name) for r in bounds})


if __name__ == "__main__":
    print("\n".join(lines()))

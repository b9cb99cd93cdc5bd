"""Programs in Java that come with pycocoevalcap: where they are, and how they are run."""

from __future__ import annotations

import shutil
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from mmbench.errors import Missing, MissingExtra
from mmbench.protocols import declare

# The declaration of a metric that such a program computes.
by_jar = partial(
    declare,
    unit="score",
    better="higher",
    worst=0,
    best=1,
    kinds={"writing"},
    needs=("java", "pycocoevalcap"),
    slow=True,
)

# The jars read words and lower-case them by the machine's language and encoding unless told.
_SETTINGS = ("-Dfile.encoding=UTF-8", "-Duser.language=en", "-Duser.country=US")


def jar_folder(metric: str, jar: str) -> Path:
    """The folder in pycocoevalcap that holds a metric's jar. Raises Missing."""
    package = find_spec("pycocoevalcap")
    places = package.submodule_search_locations if package else None
    if not places:
        raise MissingExtra(metric, "pycocoevalcap and its jar", "pycocoevalcap")
    for place in places:
        if (Path(place) / metric / jar).is_file():
            return Path(place) / metric
    again = "pip install --force-reinstall pycocoevalcap"
    raise Missing(f"{metric} needs {jar}, which is not in {Path(places[0]) / metric}: {again}")


def java_command(metric: str, memory: str) -> list[str]:
    """How Java is called, with `memory` such as "2G". Raises Missing where there is none."""
    java = shutil.which("java")
    if java is None:
        install = "apt-get install default-jre-headless, or put any Java 8 or later on the PATH"
        raise Missing(f"{metric} needs Java, and there is no `java` on the PATH: {install}")
    return [java, f"-Xmx{memory}", *_SETTINGS]


def failure_message(output: bytes) -> str:
    """The first line that a failed program wrote about its end, for an error message."""
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines()]
    message = next((line for line in lines if "rror" in line or "xception" in line), "")
    return message or next((line for line in reversed(lines) if line), "it said nothing")

"""The Java programs in pycocoevalcap: where they are, and how to start them."""

from __future__ import annotations

import shutil
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from mmbench.errors import Missing, MissingExtra
from mmbench.protocols import declare

# The declaration of a metric that a Java program computes.
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

# Without these settings, the jars use the locale and the encoding of the system.
_SETTINGS = ("-Dfile.encoding=UTF-8", "-Duser.language=en", "-Duser.country=US")


def jar_folder(metric: str, jar: str) -> Path:
    """Return the folder in pycocoevalcap that contains the jar of a metric.

    Raises Missing if pycocoevalcap or the jar is not installed.
    """
    package = find_spec("pycocoevalcap")
    places = package.submodule_search_locations if package else None
    if not places:
        raise MissingExtra(metric, "pycocoevalcap and its jar", "pycocoevalcap")
    for place in places:
        if (Path(place) / metric / jar).is_file():
            return Path(place) / metric
    again = "run `pip install --force-reinstall pycocoevalcap`"
    raise Missing(f"{metric} needs {jar}, which is not in {Path(places[0]) / metric}; {again}")


def java_command(metric: str, memory: str) -> list[str]:
    """Return the beginning of a Java command line; `memory` is the heap size, such as "2G".

    Raises Missing if Java is not installed.
    """
    java = shutil.which("java")
    if java is None:
        install = "run `apt-get install default-jre-headless`, or put Java 8 or later on the PATH"
        raise Missing(f"{metric} needs Java, but there is no `java` on the PATH; {install}")
    return [java, f"-Xmx{memory}", *_SETTINGS]


def failure_message(output: bytes) -> str:
    """Return the first line with an error in the output of a failed program, else the last line."""
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines()]
    message = next((line for line in lines if "rror" in line or "xception" in line), "")
    return message or next((line for line in reversed(lines) if line), "no error message")

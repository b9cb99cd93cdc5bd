"""Libraries that mmbench requires and that cannot be imported."""

from __future__ import annotations

import re
from importlib import metadata

_PACKAGES = {"yaml": "pyyaml", "PIL": "pillow"}  # of modules with names of their own


def library_fault(error: BaseException) -> str:
    """Return which library cannot be imported and what to type, empty for another error."""
    for one in _chain(error):
        module = (one.name or "").partition(".")[0] if isinstance(one, ImportError) else ""
        if module and module != "mmbench":
            package = _PACKAGES.get(module, module.replace("_", "-")).lower()
            reason = " ".join(str(one).split())
            return (
                f"the library {package} cannot be imported ({reason}): type"
                f" pip install '{_requirement(package)}'"
            )
    return ""


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and its causes, the first cause last."""
    chain = [error]
    while cause := chain[-1].__cause__:
        chain.append(cause)
    return chain


def _requirement(package: str) -> str:
    """Return a package with the versions that mmbench requires, alone where it requires none."""
    try:
        required = metadata.requires("mmbench") or []
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        required = []
    plain = (one for one in required if ";" not in one)
    return next((one for one in plain if re.split(r"[^\w-]", one)[0].lower() == package), package)

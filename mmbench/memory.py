"""Errors by which libraries say that memory has run out, on the host or on a device."""

from __future__ import annotations

ADVICE = (
    "out of memory; what was computed so far is kept: repeat the command with a smaller"
    " --batch-size, --dtype or --limit, or on a machine with more memory"
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory has run out.

    Python and numpy raise MemoryError. torch and C++ libraries raise a RuntimeError that says it in
    its text; `torch.OutOfMemoryError` is one.
    """
    if isinstance(error, MemoryError):
        return True
    texts = ("can't allocate memory", "std::bad_alloc", "out of memory")
    return isinstance(error, RuntimeError) and any(text in str(error) for text in texts)

"""Detection of out-of-memory errors that libraries raise, on the host or on a device."""

from __future__ import annotations

import errno
import re

ADVICE = (
    "out of memory; the results so far are saved; repeat the command with a smaller"
    " --batch-size, --dtype or --limit, or on a machine with more memory"
)

_TEXTS = ("can't allocate memory", "std::bad_alloc", "out of memory")
_NO_PRIMITIVE = "could not create a primitive"  # the complete message of oneDNN
_NO_ROOM = re.compile(r"failed to map segment from shared object(?!: Operation not permitted)")


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error means that memory has run out.

    Python and numpy raise MemoryError; system calls raise OSError. torch and C++ libraries raise a
    RuntimeError with one of the known messages (`torch.OutOfMemoryError` is a RuntimeError). A
    library that is loaded with too little memory raises ImportError.
    """
    text = str(error)
    match error:
        case MemoryError():
            return True
        case OSError():
            return error.errno == errno.ENOMEM
        case ImportError():
            return (
                _NO_ROOM.search(f"{text} {error.__cause__}") is not None
            )  # numpy 1 wraps the error
        case RuntimeError():
            return text == _NO_PRIMITIVE or any(known in text for known in _TEXTS)
    return False

"""Files on disk: content keys, the journal, run records with their rows, and atomic writes."""

from mmbench.storage.whole_files import remove_parts, write_whole

__all__ = ["remove_parts", "write_whole"]

"""Files on disk: hashes of contents, the journal, run records and their rows, atomic writes."""

from mmbench.storage.whole_files import remove_parts, write_whole

__all__ = ["remove_parts", "write_whole"]

"""What is kept on disk: keys of contents, the journal, records and rows; files written whole."""

from mmbench.storage.whole_files import remove_parts, write_whole

__all__ = ["remove_parts", "write_whole"]

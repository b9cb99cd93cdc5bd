"""Search with compressed vectors: truncated to fewer dimensions, in int8, or as bits."""

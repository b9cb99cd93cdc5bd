"""Forward passes: batch planning, decoding, model calls, and the outputs of each request."""

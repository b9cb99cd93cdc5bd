"""Conformance cases of speech: transcripts, speakers, opinion scores and translations."""

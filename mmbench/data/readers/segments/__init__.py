"""Readers of segments with speakers: RTTM, STM, SegLST, and evaluation regions in UEM files."""

"""Layouts of recordings with transcripts, one module for each family of formats."""

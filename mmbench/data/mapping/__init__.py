"""Conversion of rows to samples: ids, texts, media, classes, and pairs of texts and media."""

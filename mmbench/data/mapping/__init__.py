"""Conversion of rows to samples: ids, texts, media, class labels, and text-media pairs."""

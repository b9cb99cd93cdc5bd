"""Encoders and classifiers of texts, which metrics use; encoders also embed texts for retrieval."""

"""Trios of an image, a sound and a sentence, where one may differ."""

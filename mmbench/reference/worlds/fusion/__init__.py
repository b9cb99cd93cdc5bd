"""Synthetic trios of an image, an audio clip and a sentence, of which one may differ."""

"""Synthetic trios of an image, an audio clip and a sentence that each show a number.

One of the three numbers may differ from the other two.
"""

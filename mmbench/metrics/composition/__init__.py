"""Composition of generated images: the objects that a prompt names, their number, place, colour.

The rules are those of GenEval (Ghosh et al. 2023, arXiv 2310.11513; djghosh13/geneval, af4902f,
evaluation/evaluate_images.py).
"""

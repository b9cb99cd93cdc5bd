"""Perturbations: defined changes of the inputs of a task, to measure the robustness of a model.

A perturbation of images, video frames or audio is attached to a `Media` when the data are loaded
and applied when the item is decoded, in the thread or on the worker that decodes it. Texts and the
options of questions are changed when the data are loaded. The random numbers of an item depend only
on its content and the seed, so that neither the order nor the number of workers changes an input.
docs/robustness.md has the definitions.
"""

"""What the shapes world is made of, and how its pictures and sentences are read.

Scenes, films and training batches are made of it in `mmbench.data`.
"""

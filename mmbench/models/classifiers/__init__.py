"""Classifiers of images, sounds and videos."""

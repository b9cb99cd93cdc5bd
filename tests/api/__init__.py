"""Tests of mmbench.api."""

"""Models that draw: pipelines of diffusers, and models that write image tokens."""

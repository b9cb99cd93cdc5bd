"""Models that generate images: pipelines of diffusers, and models that generate image tokens."""

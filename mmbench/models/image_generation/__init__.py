"""Image generation: diffusion pipelines, and models that generate image tokens."""

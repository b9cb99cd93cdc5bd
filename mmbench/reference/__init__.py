"""The reference models: architectures, training, made-up worlds, adapters and weights."""

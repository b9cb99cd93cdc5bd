"""The reference models: architectures, training, synthetic data, adapters and weights."""

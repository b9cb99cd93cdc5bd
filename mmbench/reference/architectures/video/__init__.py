"""The reference video models: a transformer, two baselines, and masked pre-training."""

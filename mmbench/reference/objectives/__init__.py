"""What the reference models are trained for: of each family a fresh model and its objectives."""

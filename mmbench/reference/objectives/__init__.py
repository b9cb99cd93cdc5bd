"""Training objectives of the reference models: the initial model and the losses of each family."""

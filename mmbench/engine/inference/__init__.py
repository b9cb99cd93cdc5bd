"""The forward passes: the plan of batches, decoding, calls of the model, responses by request."""

"""Forward passes: planning of batches, decoding, calls of the model, collection of outputs."""

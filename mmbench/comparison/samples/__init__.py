"""The samples of a run for people: inputs, references, outputs, scores, alignments."""

"""Commands in which a person tries a model on files: classify, chat."""

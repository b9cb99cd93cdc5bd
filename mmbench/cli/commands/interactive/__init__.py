"""Commands that use a model on files interactively: classify, chat."""

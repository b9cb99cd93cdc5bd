"""Commands for interactive use of a model on files: classify, chat."""

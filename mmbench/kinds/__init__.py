"""Task kinds: what is asked of a model, and how its answers are put beside the targets."""

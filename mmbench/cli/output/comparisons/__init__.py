"""Text of comparisons of several runs for the terminal."""

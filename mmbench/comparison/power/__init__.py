"""Planning of comparisons: how many samples a difference needs, and what they cost."""

"""The journal: stored outputs of models, the entries of its files, and its folders."""

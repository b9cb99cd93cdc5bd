"""The source files of plugins, and errors in their code."""

"""Output of commands: text fitted to a terminal, tables, JSON, progress."""

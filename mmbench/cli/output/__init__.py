"""Output of the commands: text fitted to a terminal, tables, JSON, and progress."""

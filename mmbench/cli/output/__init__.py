"""What commands print: text fitted to a terminal, tables, JSON, progress."""

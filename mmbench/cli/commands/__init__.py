"""The commands, grouped by purpose: one module each, imported when the command runs."""

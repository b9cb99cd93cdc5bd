"""The commands by purpose, one module each, which is imported when its command runs."""

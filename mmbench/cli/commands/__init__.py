"""The commands of mmbench, grouped by purpose.

Each command has a module, which is imported when the command runs.
"""

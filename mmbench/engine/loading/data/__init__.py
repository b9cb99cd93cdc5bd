"""Loading of a task's data and of files with outputs, with checks of their contents."""

"""Loading of tasks, data and models, with checks that they fit each other."""

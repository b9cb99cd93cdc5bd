"""The work of the workers: batches and calls, who gets them, and what follows a death."""

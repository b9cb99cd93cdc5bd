"""From scores to a record and its rows; identity of model, task and data."""

"""From predictions to scores: metrics, features of other models, bounds."""

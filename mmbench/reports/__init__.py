"""Views of run records: the tables of a leaderboard."""

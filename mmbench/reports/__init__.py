"""Reports on run records: the tables of a leaderboard."""

"""Reports made from run records: the tables of a leaderboard."""

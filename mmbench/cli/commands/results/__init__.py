"""Commands that show records and names: compare, gate, history, leaderboard, list, show."""

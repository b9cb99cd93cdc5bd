"""Commands that read records and names: compare, gate, history, leaderboard, list, show."""

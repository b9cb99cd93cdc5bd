"""Commands that produce records: run, check, score, rescore, verify, train."""

"""Commands that produce records: run, check, score, rescore, rerank, verify, train."""

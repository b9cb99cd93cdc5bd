"""Data sources: functions that load the user's data as samples.

For retrieval they also load the relevance judgements that link queries with documents.
"""

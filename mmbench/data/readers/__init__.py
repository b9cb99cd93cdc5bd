"""Readers of rows from JSON, tables, Arrow and Parquet files, and the datasets library."""

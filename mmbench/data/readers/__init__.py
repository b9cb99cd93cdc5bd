"""Readers of rows: JSON, tables, Arrow and Parquet files, data sets of the datasets library."""

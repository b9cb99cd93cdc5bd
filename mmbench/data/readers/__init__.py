"""Where rows lie: JSON, tables, Arrow and Parquet files, data sets of the datasets library."""

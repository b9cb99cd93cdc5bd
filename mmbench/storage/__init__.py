"""What is kept on disk: keys of contents, the journal, records and rows."""

"""Rows of own data that are no tables: folders of media, and annotation files of captions."""

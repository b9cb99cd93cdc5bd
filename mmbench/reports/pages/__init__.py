"""Pages for a browser, made from run records: they open from disk and load nothing from a network.

`html` builds elements and escapes every text, `shell` makes complete documents, and `site` writes
them.
"""

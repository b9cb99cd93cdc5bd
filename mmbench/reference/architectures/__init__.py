"""Reference architectures, each a short file; only here is torch imported at the top."""

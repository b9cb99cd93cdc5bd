"""Programs for developers of mmbench: generated documents and diagrams, speech clips, versions."""

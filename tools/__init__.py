"""Programs for those who work on mmbench: documents, pictures, packaged sounds, versions."""

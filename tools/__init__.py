"""Programs for developers of mmbench: documents, pictures, packaged sounds, versions."""

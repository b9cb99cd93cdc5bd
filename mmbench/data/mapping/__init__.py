"""What rows become: ids, texts, media, classes, and pairs of texts and media."""

"""An image, a sound and a sentence, of which one may differ."""

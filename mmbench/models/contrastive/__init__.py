"""Models that embed texts and images, audio or videos in a shared space."""

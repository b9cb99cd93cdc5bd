"""Models that embed texts and images, sounds or videos in one space."""

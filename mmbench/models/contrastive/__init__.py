"""Models that embed texts beside images, sounds or videos."""

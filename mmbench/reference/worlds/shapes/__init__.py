"""The shapes world: scenes, pictures, captions and questions, and a reader of pictures."""

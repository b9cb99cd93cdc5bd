"""The shapes world: scenes, images, captions, questions, and a rule-based image reader."""

"""Models behind endpoints of OpenAI's chat completions API."""

"""Models served through OpenAI's chat completions API."""

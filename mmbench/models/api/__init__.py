"""Models served through OpenAI's chat completions and transcriptions APIs."""

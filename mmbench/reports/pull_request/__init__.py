"""The comment of a gate on a pull request, as Markdown for GitHub."""

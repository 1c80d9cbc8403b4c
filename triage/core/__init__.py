"""The triage engine: text in, assessment and decision out. Knows nothing of Django or of any database."""

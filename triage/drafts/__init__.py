"""Drafts by a language model: it chooses among texts of ours, for an agent to read. Off unless LLM_URL is set."""

"""Macros: what an agent writes and does again and again, done with one name."""

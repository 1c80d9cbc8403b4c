"""Who else hears of a ticket: colleagues who follow it or are mentioned, and people in copy."""

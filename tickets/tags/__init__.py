"""Tags: short words that a team puts on tickets to find and count them by."""

"""Teams: which tickets are whose, who sees them, who gets them, and who of the team is there."""

"""What stands in a mail: its headers, its words, who or what wrote it, and whether the sender is proved."""

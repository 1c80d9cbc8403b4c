"""Mail as a channel: taken over whole, read, threaded, and never lost."""

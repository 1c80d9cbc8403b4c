"""Pages of the demo only: mail without a mail server."""

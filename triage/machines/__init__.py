"""Questions of machines: the same gates as a ticket, over the Model Context Protocol."""

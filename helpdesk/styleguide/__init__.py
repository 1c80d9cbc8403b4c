"""Every component of the customers' pages as it is, for whoever works on them. Served with DEBUG alone."""

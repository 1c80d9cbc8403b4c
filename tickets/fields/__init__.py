"""Fields that a house adds to its tickets: typed, filled in at the desk, found by the search box."""

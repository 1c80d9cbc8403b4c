"""Help on other sites: a script, and pages of ours in a frame that only the sites named for it may show."""

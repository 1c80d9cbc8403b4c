"""The agents' pages. They have a frame of their own: light enough for a page opened hundreds of times a day."""

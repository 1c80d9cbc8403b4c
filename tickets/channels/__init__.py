"""Ways in beside the web form and the API: each turns what arrives into a Submission or a reply."""

"""What triage would have done with past tickets: the history, its report, and the page that shows it."""

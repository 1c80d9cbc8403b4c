"""Ours, django-helpdesk and a bare view side by side: see ``__main__``."""

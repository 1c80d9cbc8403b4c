"""A project around django-helpdesk, as its documentation sets one up. Runs in its own virtual environment."""

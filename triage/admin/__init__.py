"""The agent's and the supervisor's side. Loading the package registers its pages with the admin site."""

from triage.admin import drafts, help, policy, records, teams
from triage.admin.desk import queue
from triage.admin.oversight import history

__all__ = ["drafts", "help", "history", "policy", "queue", "records", "teams"]

"""The agent's and the supervisor's side. Loading the package registers its pages with the admin site."""

from triage.admin import policy, queue, records

__all__ = ["policy", "queue", "records"]

"""The supervisor's pages of oversight: the stop, the ladder, the audit, the alarm, recalls and the policy's history."""

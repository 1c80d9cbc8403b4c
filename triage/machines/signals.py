"""What questions of machines add to the worker's rounds: a sweep of old decisions."""

from tickets.background import jobs
from triage.machines.sweeping import forget_old

jobs.register_sweep(forget_old)

"""What the watch adds to the worker's rounds."""

from tickets.background import jobs
from tickets.watch import checks, heart  # noqa: F401  # the checks register

jobs.register_sweep(heart.forget_old)

"""What the watch adds to the worker's rounds."""

from tickets.background import jobs
from tickets.watch import heart

jobs.register_sweep(heart.forget_old)

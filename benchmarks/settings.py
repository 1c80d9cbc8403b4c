"""The product's settings, plus one bare view to measure against."""

from helpdesk.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.bare_urls"

#!/usr/bin/env python3
"""Django's command line, with configuration mistakes told in one line."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    if sys.argv[1:2] == ["work"]:
        os.environ["HELPDESK_PROCESS"] = "work"  # the settings bound what a worker waits for
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Configuration error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)  # as the shell reports Ctrl-C; every command leaves whole rows behind


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Django's command line."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    if sys.argv[1:2] == ["work"]:
        os.environ["HELPDESK_PROCESS"] = "work"  # the settings bound what a worker waits for
    from helpdesk import command_line

    command_line.run(sys.argv)


if __name__ == "__main__":
    main()

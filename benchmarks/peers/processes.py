"""CPU time of server processes, read off /proc (Linux)."""

from __future__ import annotations

import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def below(pid: int) -> set[int]:
    """The process and all that it started."""
    parents = {
        int(entry.name): _stat(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()
    }
    found = {pid}
    while more := {one for one, stat in parents.items() if stat and int(stat[1]) in found} - found:
        found |= more
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of the process and all below it, with that of children it has waited for."""
    stats = [_stat(one) for one in below(pid)]
    return sum(sum(int(stat[at]) for at in (11, 12, 13, 14)) for stat in stats if stat) / TICK


def started_with(pid: int, words: str) -> int:
    """The process below ``pid`` whose command line holds ``words``; 0 where there is none."""
    for one in below(pid):
        if words in Path(f"/proc/{one}/cmdline").read_text().replace("\0", " "):
            return one
    return 0


def parent(pid: int) -> int:
    return int(_stat(pid)[1])


def _stat(pid: int) -> list[str]:
    """The fields after the name; none where it has just ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []

"""`make mutants`: put faults into the modules that safety hangs on, and see whether the tests notice.

For each module it prints how many faults were noticed and lists those that were not. It fails where fewer than 95 % of
those that change anything are noticed, or one that is not is missing in survivors.toml.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import tomllib
from pathlib import Path
from typing import Any, Final

from tests.mutants import running
from tests.mutants.making import Mutant, mutants_of

HERE: Final = Path(__file__).resolve().parent
LEAST: Final = 0.95
SEED: Final = 20261130


def table(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))


def arguments(known: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make mutants",
        description="Put faults into modules and see whether the tests notice. Half an hour or more for all of them.",
    )
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"one of: {', '.join(known)}")
    parser.add_argument(
        "--sample", type=int, metavar="N", help="so many of each module only, drawn by a fixed seed"
    )
    parser.add_argument(
        "--again", action="store_true", help="only faults that nothing noticed in the last run of the module"
    )
    parser.add_argument("--list", action="store_true", help="show the faults and run nothing")
    parser.add_argument("--place", default="", help="only in functions whose qualified name begins so")
    options = parser.parse_args()
    unknown = [module for module in options.modules if module not in known]
    if unknown:
        parser.error(f"{', '.join(unknown)}: not in tests/mutants/modules.toml. Known: {', '.join(known)}")
    return options


def survivors_of(module: str) -> Path:
    """Where the last run of ``module`` wrote what nothing noticed."""
    return running.KEPT / (module.replace("/", ".") + ".json")


def chosen(module: str, options: argparse.Namespace) -> list[Mutant]:
    source = (running.ROOT / module).read_text(encoding="utf-8")
    mutants = [one for one in mutants_of(module, source) if one.place.startswith(options.place)]
    if options.again and survivors_of(module).exists():
        left = {tuple(key) for key in json.loads(survivors_of(module).read_text(encoding="utf-8"))}
        mutants = [one for one in mutants if one.key in left]
    if options.sample and options.sample < len(mutants):
        mutants = random.Random(SEED).sample(mutants, options.sample)
    return mutants


def judge(module: str, tests: list[str], mutants: list[Mutant], excused: dict[tuple[str, ...], bool]) -> bool:
    """Run one module's mutants, say how it went; whether that is enough. ``excused``: key → changes nothing."""
    began, survivors = time.monotonic(), []
    for number, (mutant, outcome) in enumerate(running.run(module, mutants, tests), 1):
        if outcome == running.SURVIVED:
            survivors.append(mutant)
            if mutant.key not in excused:
                print(f"  survived, not listed: {mutant}", flush=True)
        if number % 25 == 0:
            spent = time.monotonic() - began
            print(
                f"  {module}: {number} of {len(mutants)}, {len(survivors)} survived; {spent:.0f} s",
                flush=True,
            )
    keys = [one.key for one in survivors]
    survivors_of(module).write_text(json.dumps(keys, ensure_ascii=False, indent=1), encoding="utf-8")
    equal = sum(excused.get(one.key, False) for one in survivors)
    killed, counted = len(mutants) - len(survivors), len(mutants) - equal
    share = killed / counted if counted else 1.0
    listed = sum(one.key in excused for one in survivors)
    print(
        f"{module}: {killed} of {counted} noticed ({share:.1%}); {len(survivors)} survived, {listed} of them listed, "
        f"{equal} of those change nothing; {time.monotonic() - began:.0f} s",
        flush=True,
    )
    known = {one.key for one in survivors}
    for one in mutants:
        if one.key in excused and one.key not in known:
            print(f"  listed in survivors.toml, but noticed: take it out: {one}", flush=True)
    return share >= LEAST and listed == len(survivors)


def main() -> int:
    modules: dict[str, list[str]] = table("modules.toml")["modules"]
    options = arguments(list(modules))
    excused = {
        (one["module"], one["place"], one["was"], one["now"]): one.get("equivalent", False)
        for one in table("survivors.toml").get("survivor", [])
    }
    picked = {module: chosen(module, options) for module in options.modules or modules}
    if options.list:
        for mutants in picked.values():
            print(*mutants, sep="\n")
        return 0
    running.preload()
    try:
        good = [judge(module, modules[module], mutants, excused) for module, mutants in picked.items()]
    except running.BaselineFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())

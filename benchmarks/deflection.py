"""What answers beside the form save, as the product measures it, on simulated visitors whose true saving is known.

    .venv/bin/python -m benchmarks.deflection --visitors 2000

Uses the database and the model of VAR_DIR, which should be prepared and made for it: its encounters are thrown away.
Each visitor writes a stranger's message (tests/honest). Where one of the answers offered is the right one, they find it
enough with a chance of --enough; where only others are, with --misled. Whoever does not sends the form; --leave of all
give up either way. The lot, the counting and the interval are the product's own. The truth is the share of the same
visitors who would have sent nothing with answers, less those who would have sent nothing without.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import desk_pages as _set_up  # noqa: F401  # sets Django up

# isort: split
from django.conf import settings

from tests import honest
from triage.answers.help import carried, encounters, suggestions
from triage.answers.help.models import Encounter
from triage.running.runtime import runtime

LANGUAGE = "en-gb"


@dataclass(frozen=True)
class Visitor:
    """Somebody for whom there were answers, and what they would do with and without seeing them."""

    offered: Sequence[str]
    sends_shown: bool
    sends_held: bool


def visitors(number: int, enough: float, misled: float, leave: float, lot: random.Random) -> list[Visitor]:
    """Of ``number`` visitors those for whom there are answers: the others meet no lot."""
    written = [message for name in honest.sets() for message in honest.messages(name)]
    fits: dict[str, list[str]] = {}
    found = []
    for at in range(number):
        message = written[lot.randrange(len(written))]
        if message.text not in fits:
            fits[message.text] = [page.slug for page in suggestions.fitting(message.text, LANGUAGE)]
        offered = fits[message.text]
        if not offered:
            continue
        stays = lot.random() >= leave
        solved = lot.random() < (enough if message.right in offered else misled)
        found.append(Visitor(offered, stays and not solved, stays))
        if at % 500 == 499:
            print(f"  {at + 1} visitors, {len(found)} with answers", flush=True)
    return found


def let_write(people: Sequence[Visitor]) -> encounters.Saving:
    """Each writes their form once; what the product then says it saved."""
    Encounter.objects.all().delete()
    for one in people:
        encounter, token = carried.meet("", one.offered)
        if one.sends_shown if encounter.shown else one.sends_held:
            carried.note_sent(None, token)
    for row in Encounter.objects.only("at"):
        row.at -= 2 * encounters.SETTLED_AFTER
        row.save(update_fields=["at"])
    return encounters.saving(2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--visitors", type=int, default=2000, help="who write something (2000)")
    parser.add_argument("--times", type=int, default=20, help="the same visitors under other lots (20)")
    parser.add_argument(
        "--held-back", type=float, default=settings.HELP_HELD_BACK_SHARE, help="share that sees none"
    )
    parser.add_argument("--enough", type=float, default=0.4)
    parser.add_argument("--misled", type=float, default=0.05)
    parser.add_argument("--leave", type=float, default=0.1)
    options = parser.parse_args()
    settings.HELP_HELD_BACK_SHARE = options.held_back
    suggestions.SECONDS = 30.0  # type: ignore[misc]  # how busy this machine is shall not be a result
    runtime.assess("", "Where is my refund?")  # loads the engine, so that no visitor waits for it
    people = visitors(options.visitors, options.enough, options.misled, options.leave, random.Random(13))
    if not people:
        raise SystemExit("No visitor got an answer: prepare the product in this VAR_DIR first.")
    truth = sum(one.sends_held - one.sends_shown for one in people) / len(people)
    print(
        f"{len(people)} of {options.visitors} visitors had answers; they save {truth:.1%} of forms in truth"
    )
    inside = 0
    for turn in range(options.times):
        random.seed(turn)
        said = let_write(people)
        if said.saved is None or said.low is None or said.high is None:
            continue
        within = said.low <= truth <= said.high
        inside += within
        if turn < 3:
            print(
                f"  lot {turn + 1}: shown {said.shown_asked} of {said.shown} sent, held back {said.held_asked} of {said.held};"
                f" saved {said.saved:.1%}, between {said.low:.1%} and {said.high:.1%}"
            )
    print(f"the interval holds the truth in {inside} of {options.times} lots (95 % promised)")


if __name__ == "__main__":
    main()

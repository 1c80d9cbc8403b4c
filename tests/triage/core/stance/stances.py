"""A small taught world: four topics, plain askings of them, and texts that are none."""

from __future__ import annotations

from itertools import product

from triage.core.types import Contrast, Example, Stance

WISHES = {
    "cancel_order": "cancel my order",
    "get_refund": "get a refund",
    "track_order": "track my parcel",
    "recover_password": "reset my password",
}
THINGS = ("", " for the lamp", " from last week", " please", " today", " number 4711")
FRAMES = {
    None: ("how do i {}{}", "i want to {}{}", "please help me {}{}", "can i {}{}", "where can i {}{}"),
    Stance.NOT_ASKED: (
        "please do not {}{}",
        "i never said i want to {}{}",
        "i don't want to {}{}",
        "there is no need to {}{}",
        "i am not writing to {}{}",
    ),
    Stance.SETTLED: (
        "thanks, i could {}{} now",
        "all sorted, i managed to {}{}",
        "never mind, i was able to {}{}",
        "it works now, thank you, i did {}{}",
        "done, i have managed to {}{}",
    ),
    Stance.GRAVE: (
        "my father died, i need to {}{}",
        "my husband passed away and i have to {}{}",
        "your driver hit me, how do i {}{}",
        "i was injured by it and want to {}{}",
        "after mum's funeral i must {}{}",
    ),
}
ASKINGS = [
    Example(frame.format(wish, thing), intent)
    for intent, wish in WISHES.items()
    for frame, thing in product(FRAMES[None], THINGS)
]
CONTRASTS = [
    Contrast(
        frame.format(wish, thing),
        stance,
        intent,
        ("death" if "died" in frame or "passed" in frame or "funeral" in frame else "injury")
        if stance is Stance.GRAVE
        else "",
    )
    for stance, frames in FRAMES.items()
    if stance is not None
    for intent, wish in WISHES.items()
    for frame, thing in product(frames, THINGS)
]

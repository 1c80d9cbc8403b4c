"""The main job on real input, over the running API.

80 % of banking77's training questions are imported as resolved history, every intent gets an approved answer and
is set to automatic (as a supervisor would in the admin), and a model is trained. Then 300 of the other 20 % and
100 out-of-scope texts of clinc150 are posted by a customer, and the decisions are counted.

    python -m benchmarks.real_tickets [--in-scope 300] [--out-of-scope 100] [--seed 0]
"""

from __future__ import annotations

import argparse
import csv
import random
import time
from collections import Counter
from pathlib import Path

from benchmarks.served import Client, Product, data_file, fresh_product

AUTOMATE = """
from triage.models import Answer, Intent, Mode
for intent in Intent.objects.filter(group="imported"):
    Answer.objects.create(intent=intent, body="Hello {requester_name}, about " + intent.title + ": …").approve(None)
    intent.mode = Mode.AUTO
    intent.save()
"""
CUSTOMER = """
from accounts.models import User
User.objects.create_user("c@example.com", "a-Long-passw0rd", name="Kim")
"""
COLUMNS = ("external_id", "subject", "body", "requester_email", "intent", "reply", "status", "created_at")


def read(file: Path) -> list[tuple[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return [(row["text"], row["intent"]) for row in csv.DictReader(stream)]


def write_history(rows: list[tuple[str, str]], file: Path) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for number, (text, intent) in enumerate(rows):
            email, reply = f"c{number % 997}@example.com", f"About {intent}: done."
            writer.writerow([number, "", text, email, intent, reply, "resolved", "2026-01-05T10:00:00Z"])


def submit(client: Client, texts: list[tuple[str, str]]) -> Counter[str]:
    """Post each text, ask for its decision, and count it against its true intent (empty: out of scope)."""
    counts: Counter[str] = Counter()
    for text, truth in texts:
        ticket = client.post("/api/tickets", {"body": text})
        decision = client.post(f"/api/tickets/{ticket['id']}/resolve")
        if decision["action"] != "auto_resolve":
            counts["escalated"] += 1
            counts[f"escalated: {decision['reason']}"] += 1
        else:
            counts["auto-resolved"] += 1
            counts["right" if decision["intent"] == truth.lower() else "wrong"] += 1
    return counts


def report(name: str, total: int, counts: Counter[str]) -> None:
    print(f"\n{name}: {total} posted")
    for kind in ("auto-resolved", "right", "wrong", "escalated"):
        print(f"  {kind:<14}{counts[kind]:>5}  {counts[kind] / total:6.1%}")
    for kind, count in sorted(counts.items()):
        if ":" in kind:
            print(f"    {kind:<32}{count:>4}")


def prepare(product: Product, history: list[tuple[str, str]], folder: Path) -> None:
    product.manage("migrate", "--verbosity", "0")
    product.manage("collectstatic", "--verbosity", "0", "--no-input")
    write_history(history, folder / "history.csv")
    print(product.manage("import_tickets", str(folder / "history.csv")).strip())
    product.manage("shell", "--verbosity", "0", code=AUTOMATE)
    print(product.manage("train_triage").strip())
    product.manage("shell", "--verbosity", "0", code=CUSTOMER)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--in-scope", type=int, default=300)
    parser.add_argument("--out-of-scope", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows = read(data_file("banking77/train.csv"))
    foreign = [row for row in read(data_file("clinc150/train.csv")) if not row[1]]
    chance = random.Random(options.seed)
    chance.shuffle(rows)
    cut = int(len(rows) * 0.8)
    with fresh_product() as product:
        prepare(product, rows[:cut], Path(product.environment["VAR_DIR"]))
        with product.serving():
            client = product.client().log_in("c@example.com", "a-Long-passw0rd")
            inside = rows[cut : cut + options.in_scope]
            outside = chance.sample(foreign, min(options.out_of_scope, len(foreign)))
            began = time.monotonic()
            report("banking77, held out", len(inside), submit(client, inside))
            report("clinc150, out of scope", len(outside), submit(client, outside))
            print(f"\n{len(inside) + len(outside)} tickets in {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()

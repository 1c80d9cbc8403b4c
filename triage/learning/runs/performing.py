"""How each kind of run is done. Whatever goes wrong is told on its row: a supervisor reads it, nobody retries it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from tickets.background.faults import describe
from triage.core.errors import CoreError
from triage.instruments.backtest import history
from triage.learning import challenger
from triage.learning.runs.models import Cancelled, Run

logger = logging.getLogger(__name__)


def backtest(run: Run) -> dict[str, Any]:
    wish = run.wish
    if wish.get("months"):
        past = history.from_house(int(wish["months"]))
    else:
        past = history.from_file(run.folder / wish["file"], source=wish["name"])
    return history.run(past, run.folder / "work", tell=run.tell, target=wish.get("target"))


def training(run: Run) -> dict[str, Any]:
    return challenger.train_and_compare(tell=run.tell)


KINDS: Final[Mapping[str, Callable[[Run], dict[str, Any]]]] = {
    Run.Kind.BACKTEST: backtest,
    Run.Kind.TRAINING: training,
}


def perform(run_id: int) -> None:
    run = Run.objects.filter(pk=run_id).first()
    if run is None or run.is_over:
        return
    run.state = Run.State.RUNNING
    run.save(update_fields=["state"])
    try:
        result = KINDS[run.kind](run)
    except Cancelled:
        run.end(Run.State.CANCELLED)
    except (CoreError, history.NothingToTry) as error:
        run.end(Run.State.FAILED, error=str(error))
    except Exception as error:
        logger.exception("%s failed", run)
        run.end(Run.State.FAILED, error=describe(error))
    else:
        run.end(Run.State.DONE, result=result)
    history.forget(Path(run.folder))

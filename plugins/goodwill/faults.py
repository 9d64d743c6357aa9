"""Named points at which a test can have the process die, as if the machine had lost power, or stop. In a normal run nothing happens there."""

from __future__ import annotations

import os
import signal

__all__ = ["FAULT", "fault"]

#: The environment variable that names the point to die at, or, after `stop `, to stop at until somebody lets the process go on.
FAULT = "GOODWILL_FAULT"


def fault(point: str) -> None:
    """Die here, without a word and without cleaning up, or stop, if the test asked for this point."""
    wanted = os.environ.get(FAULT)
    if wanted == point:
        os.kill(os.getpid(), signal.SIGKILL)
    if wanted == f"stop {point}":
        os.kill(os.getpid(), signal.SIGSTOP)

"""Named points at which a test can have the process die, as if the machine had lost power. In a normal run nothing happens there."""

from __future__ import annotations

import os
import signal

__all__ = ["FAULT", "fault"]

#: The environment variable that names the point to die at.
FAULT = "GOODWILL_FAULT"


def fault(point: str) -> None:
    """Die here, without a word and without cleaning up, if the test asked for this point."""
    if os.environ.get(FAULT) == point:
        os.kill(os.getpid(), signal.SIGKILL)

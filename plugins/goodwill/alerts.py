"""Alerts: a few words to whoever watches, when a night fails or is late. They name runs and stages, never what the data hold."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

__all__ = ["URL", "deadline_missed", "send"]

#: The environment variable with the address that alerts are posted to: it often holds a secret, so it is no setting.
URL = "GOODWILL_ALERT_URL"

_LOG = logging.getLogger(__name__)


def send(kind: str, text: str, facts: Mapping[str, Any] | None = None) -> bool:
    """Log an alert (`failure`, `deadline`, or `refused`, which is no alarm), and post it as JSON (`text`, as chat services want it, `kind` and the facts) where `$GOODWILL_ALERT_URL` says.

    Returns
    -------
    Whether it arrived; whatever is wrong with the way there is logged without the address, and stops nothing.
    """
    with suppress(OSError):  # where the log cannot be written either, the way out is all the more wanted
        _LOG.error("%s", text)
    url = os.environ.get(URL)
    if not url:
        return False
    import httpx

    try:
        httpx.post(url, json={"text": text, "kind": kind, **(facts or {})}, timeout=10).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        _LOG.error("the alert could not be sent: %s; see $%s", type(error).__name__, URL)
        return False
    return True


async def deadline_missed(context: Mapping[str, Any], minutes: int) -> None:
    """What Airflow's triggerer calls when a night has not ended within so many minutes of its hour."""
    text = f"Goodwill: the night has not ended within {minutes} minutes; readers see the publication before. goodwill doctor says more."
    await asyncio.to_thread(send, "deadline", text, {"minutes": minutes})

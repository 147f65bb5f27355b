"""Numbers and moments in response headers, where anything may stand. Pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def number_of(text: str) -> float | None:
    """A finite number, bounded so that adding it to a moment cannot overflow; None for anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return min(max(value, -1e12), 1e12) if math.isfinite(value) else None


def moment_of(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

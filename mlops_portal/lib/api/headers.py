"""Where a throttle leaves the headers of its answer, for `views.Resource` to put on it."""

from __future__ import annotations

# In the META of Django's request. A module of its own: DRF's views load the throttle, so it cannot load them.
RATE_HEADERS = "portal.rate_headers"

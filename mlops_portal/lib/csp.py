"""The one loosening of the content security policy that charts need."""

from __future__ import annotations

from csp.decorators import csp_update

# Plotly adds an empty <style> and fills it through the CSSOM. This is the hash of the empty string, so nothing that has
# content becomes allowed (STACK 4). For views with charts, and no others.
EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"

allow_charts = csp_update({"style-src": [EMPTY_STYLE]})

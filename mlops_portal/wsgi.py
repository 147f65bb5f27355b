"""The WSGI application, for granian or any other server."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from mlops_portal.lib.long_lived import keep_what_is_loaded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlops_portal.settings")
application = get_wsgi_application()
# Now rather than with the first request, which would have to wait for it.
get_resolver().url_patterns  # noqa: B018 -- reading it imports every view
keep_what_is_loaded()

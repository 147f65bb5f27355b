"""The WSGI application, for granian or any other server."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlops_portal.settings")
application = get_wsgi_application()
# Now rather than with the first request, which would have to wait for it.
get_resolver().url_patterns  # noqa: B018 -- reading it imports every view
# What was loaded stays: looking through it for garbage again and again costs a large answer a tenth of its time.
gc.collect()
gc.freeze()

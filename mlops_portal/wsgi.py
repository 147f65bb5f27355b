"""The WSGI application, for granian or any other server."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlops_portal.settings")
application = get_wsgi_application()
# What was loaded stays: looking through it for garbage again and again costs a large answer a tenth of its time.
gc.collect()
gc.freeze()

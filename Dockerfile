FROM python:3.11-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PORTAL_DATA_DIR=/app/var

RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin portal \
    && mkdir -p /app/var \
    && chown portal:portal /app /app/var
WORKDIR /app

# The lock first: code changes then leave this layer alone.
COPY requirements/runtime.lock requirements/runtime.lock
RUN pip install --require-hashes -r requirements/runtime.lock

COPY --chown=portal:portal . .
USER 10001

# Keys of this one command only: none may stay in the image.
RUN PORTAL_SECRET_KEY=build-only \
    PORTAL_KEYS="k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" \
    python manage.py bootstrap --static-only

EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "4", "mlops_portal.wsgi:application"]

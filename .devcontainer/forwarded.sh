# Sourced before the portal starts in a codespace: names the forwarder that ends TLS in front of its port. Elsewhere it does
# nothing, and no forwarded host is believed.
if [ -n "${CODESPACE_NAME:-}" ]; then
  port="${PORT:-8000}"
  host="$CODESPACE_NAME-$port.${GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN:-app.github.dev}"
  export PORTAL_BEHIND_TLS_PROXY=1
  export PORTAL_HOSTS="127.0.0.1 localhost [::1] $host"
  # A page's own Origin arrives with the near end of the forwarder in its place; a foreign one arrives as it was sent.
  export PORTAL_ORIGINS="https://$host https://localhost:$port http://localhost:$port"
fi

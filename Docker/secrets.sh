#!/bin/sh
# Starts the controller of compose.secrets.yaml, adds keys for its engines and its client, and writes them to the folder
# secrets. COMPOSE is another command than `docker compose`.
set -eu
cd "$(dirname "$0")"
compose() { ${COMPOSE:-docker compose} -f compose.secrets.yaml "$@"; }
# The containers' user can read the files, but on this machine only you can enter the folder.
mkdir -p secrets
chmod 700 secrets
compose run --rm controller keys add engine --engine
compose run --rm controller keys add client
compose up --detach controller
tries=60
until compose exec -T controller martlet status --interval=0; do
  tries=$((tries - 1))
  [ $tries -gt 0 ] || exit 1
  sleep 1
done
for name in engine client; do
  compose exec -T controller cat ".ipython/profile_default/security/ipcontroller-keys/$name.json" > "secrets/$name.json"
  chmod 644 "secrets/$name.json"
done

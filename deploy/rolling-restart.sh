#!/usr/bin/env bash
# Restart web processes one after another, each only when the one before is ready again; stops at the first that does not come back.
#
#   deploy/rolling-restart.sh 8001 8002
#   RESTART='./restart-by-hand' deploy/rolling-restart.sh 8001 8002   a command that gets the port, instead of systemd
set -euo pipefail
if [ $# -lt 2 ]; then
  echo "usage: rolling-restart.sh PORT PORT…   (one alone cannot be restarted without a gap)" >&2
  exit 2
fi
restart=${RESTART:-}
ready() { curl -sf -m 5 -o /dev/null "http://127.0.0.1:$1/readyz"; }

for port in "$@"; do
  if ! ready "$port"; then
    echo "rolling-restart.sh: $port is not ready before anything was restarted; see journalctl -u wakhan-web@$port" >&2
    exit 1
  fi
done
for port in "$@"; do
  if [ -n "$restart" ]; then $restart "$port"; else systemctl restart "wakhan-web@$port"; fi
  ends=$((SECONDS + ${PATIENCE:-120}))
  until ready "$port"; do
    if [ $SECONDS -ge $ends ]; then
      echo "rolling-restart.sh: $port is not ready after ${PATIENCE:-120} s; the others were left as they are." >&2
      exit 1
    fi
    sleep 0.2
  done
  sleep "${SETTLE:-3}" # until the proxy asks it again
  echo "$port is ready"
done

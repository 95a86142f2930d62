#!/usr/bin/env bash
# Make this standby the primary. As root on it. Be sure that the old primary is off, and stays so until rejoin.sh ran on it: two
# primaries are two truths.
#   promote.sh           refuses while the old primary answers
#   promote.sh --force   does not ask it
set -euo pipefail
. "$(dirname "$0")/common.sh"
case ${1:-} in '' | --force) ;; *) fail "usage: promote.sh [--force]" 2 ;; esac
running || fail "the server in $DATA does not run; start it first."
if ! is_standby; then
  echo "$NAME is the primary already"
  exit
fi
old=$(cat "$etc/follows")
if [ "${1:-}" != --force ] && [ "$(peer_sql "$old" 'SELECT pg_is_in_recovery()' 2>/dev/null)" = f ]; then
  fail "$old still answers as the primary; stop it first, so that there are not two."
fi
as_postgres "$bin/pg_ctl" -D "$DATA" -w -t "${PATIENCE:-300}" promote >/dev/null
sql "ALTER SYSTEM SET synchronous_standby_names = ''"
sql "SELECT pg_reload_conf()" >/dev/null
sql CHECKPOINT # pg_rewind reads the new timeline from it
echo "$NAME is the primary; publishing waits for no standby. Next: backup.sh full, since what the old primary had not archived lacks
in the archive; on $old: rejoin.sh $NAME:$PORT; then here: synchronous.sh on"

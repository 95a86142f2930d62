#!/usr/bin/env bash
# Make a standby of a server that was the primary before another was promoted: what it alone had is undone (pg_rewind), the rest
# is followed. As root on it.
#   rejoin.sh PRIMARY[:PORT]
set -euo pipefail
. "$(dirname "$0")/common.sh"
[ $# -eq 1 ] || fail "usage: rejoin.sh PRIMARY[:PORT]" 2
[ "$(peer_sql "$1" 'SELECT pg_is_in_recovery()')" = f ] || fail "$1 is no primary, or does not let this server in."
configure
stop_server
none_left
follow "$1"
if [ ! -e "$DATA/standby.signal" ]; then
  as_postgres "$bin/pg_rewind" -D "$DATA" --config-file="$etc/postgresql.conf" --source-server="$(conninfo "$1") dbname=postgres" \
    --restore-target-wal >>"$DATA.log" 2>&1 || fail "it cannot be wound back ($DATA.log tells why); copy the primary instead: standby.sh --anew $1"
  no_target "$DATA"
  as_postgres touch "$DATA/standby.signal"
fi
start_server
until_true "SELECT coalesce(bool_or(status = 'streaming'), false) FROM pg_stat_wal_receiver" "that $NAME follows $1"
sql "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active" >/dev/null # of its days as the primary
echo "$NAME follows $1. Next, there: synchronous.sh on"

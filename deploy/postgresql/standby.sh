#!/usr/bin/env bash
# A server that follows the primary, answers readers and can be promoted. As root on the other machine, which has the same release
# of PostgreSQL, its own server.env, server.crt and server.key, and the primary's ca.crt and pgpass beside them.
#   standby.sh PRIMARY[:PORT]          copies the primary, if this has not been done yet, and follows it
#   standby.sh --anew PRIMARY[:PORT]   the same with a new copy; the old one is moved aside
set -euo pipefail
. "$(dirname "$0")/common.sh"
anew=
if [ "${1:-}" = --anew ]; then anew=yes; shift; fi
[ $# -eq 1 ] || fail "usage: standby.sh [--anew] PRIMARY[:PORT]" 2
[ -r "$etc/pgpass" ] || fail "$etc/pgpass is not there; copy the primary's." 2
chown postgres:postgres "$etc/pgpass"
chmod 600 "$etc/pgpass"

[ "$(peer_sql "$1" 'SELECT pg_is_in_recovery()')" = f ] || fail "$1 is no primary, or does not let this server in."
configure
if [ -n "$anew" ]; then
  stop_server
  [ ! -e "$DATA" ] || mv "$DATA" "$DATA.before-$(date +%Y%m%dT%H%M%S)"
fi
if [ -e "$DATA/PG_VERSION" ] && [ ! -e "$DATA/standby.signal" ]; then
  fail "$DATA is that of a primary; rejoin.sh makes a standby of it, --anew moves it aside."
fi
follow "$1"
if [ ! -e "$DATA/PG_VERSION" ]; then
  rm -rf "$DATA.partial"
  as_postgres "$bin/pg_basebackup" -d "$(conninfo "$1")" -D "$DATA.partial" -S "$slot" -X stream -c fast
  no_target "$DATA.partial"
  as_postgres touch "$DATA.partial/standby.signal"
  mv "$DATA.partial" "$DATA"
fi
start_server
sql "SELECT pg_reload_conf()" >/dev/null
until_true "SELECT coalesce(bool_or(status = 'streaming'), false) FROM pg_stat_wal_receiver" "that $NAME follows $1"
echo "$NAME follows $1. Next, there: synchronous.sh on"

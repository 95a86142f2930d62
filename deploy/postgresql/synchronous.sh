#!/usr/bin/env bash
# Whether a publish waits until a standby has it. As root on the primary.
#   synchronous.sh on    what is published from now on is on a standby too; while none is there, publishing waits (readers do not)
#   synchronous.sh off   publishing goes on alone: what is published then is lost with this machine
set -euo pipefail
. "$(dirname "$0")/common.sh"
case ${1:-} in
  on)
    followers="FROM pg_stat_replication WHERE application_name IN (SELECT slot_name FROM pg_replication_slots WHERE active)"
    # One that has just come is still catching up; it may say that it follows before this server says so.
    until_true "SELECT coalesce(bool_or(state = 'streaming'), true) $followers" "that a standby has caught up"
    names=$(sql "SELECT string_agg(quote_ident(application_name), ', ') $followers AND state = 'streaming'")
    [ -n "$names" ] || fail "no standby follows this server; nothing could be published."
    sql "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 ($names)'"
    sql "SELECT pg_reload_conf()" >/dev/null
    until_true "SELECT bool_or(sync_state = 'quorum') FROM pg_stat_replication" "that $names is synchronous"
    echo "a publish waits for one of: $names" ;;
  off)
    sql "ALTER SYSTEM SET synchronous_standby_names = ''"
    sql "SELECT pg_reload_conf()" >/dev/null
    echo "publishing waits for no standby" ;;
  *) fail "usage: synchronous.sh on|off" 2 ;;
esac

#!/usr/bin/env bash
# Is this server well? As root, by hand or from a monitor. Exit status 1 if something is wrong; each finding has its remedy.
#   check.sh
set -euo pipefail
. "$(dirname "$0")/common.sh"
wrong=0
bad() { echo "WRONG: $1"; wrong=1; }

running || fail "the server in $DATA does not run; start it: it was the primary if there is no standby.signal, then see promote.sh first."
openssl x509 -in "$etc/server.crt" -checkend $((30 * 24 * 3600)) -noout >/dev/null || bad "server.crt ends within 30 days; certificates.sh makes a new one, primary.sh or standby.sh brings it in force."
if is_standby; then
  lag=$(sql "SELECT coalesce(extract(epoch FROM now() - pg_last_xact_replay_timestamp()), 0)::int")
  if [ "$(sql "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'")" = 1 ]; then
    echo "$NAME follows $(cat "$etc/follows"); the last change it has is $lag s old"
  else
    bad "$NAME is a standby and does not follow $(cat "$etc/follows"): start that, or promote.sh here."
  fi
else
  echo "$NAME is the primary"
  sql "SELECT format('standby %s: %s, %s, %s bytes behind', application_name, state, sync_state, pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)) FROM pg_stat_replication"
  names=$(sql "SHOW synchronous_standby_names")
  if [ -z "$names" ]; then
    echo "note: publishing waits for no standby (synchronous.sh on)"
  elif [ "$(sql "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state IN ('sync', 'quorum')")" = 0 ]; then
    bad "publishing waits for $names, and none of them follows: start it, or synchronous.sh off."
  fi
  while read -r name; do
    bad "nobody uses the slot $name, which keeps changes on this disk: start that standby, or SELECT pg_drop_replication_slot('$name')."
  done < <(sql "SELECT slot_name FROM pg_replication_slots WHERE NOT active")
  if [ "$(sql "SELECT coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) FROM pg_stat_archiver")" = t ]; then
    bad "changes cannot be archived to $BACKUPS: is it mounted, is it full?"
  fi
  last=$(backrest info --output=json | grep -oE '"stop":[0-9]{9,}' | tail -n 1 | cut -d: -f2 || true)
  if [ -z "$last" ] || [ $(($(date +%s) - last)) -gt $((36 * 3600)) ]; then
    bad "there is no backup of the last 36 hours in $BACKUPS: backup.sh"
  else
    echo "last backup: $(date -d "@$last" '+%F %T %Z')"
  fi
fi
exit $wrong

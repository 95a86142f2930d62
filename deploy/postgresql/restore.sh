#!/usr/bin/env bash
# Put a backup in place and the changes since. As root on the machine that is to be the primary; no other may be one.
#   restore.sh                              all that was archived
#   restore.sh --time '2026-11-26 01:30+00'  as it was then
# What is in the data directory is moved aside. Standbys are made anew afterwards (standby.sh --anew).
set -euo pipefail
. "$(dirname "$0")/common.sh"
case ${1:-} in
  '') what=(--type=default) ;;
  --time) what=(--type=time --target="${2:?the time}" --target-action=promote) ;;
  *) fail "usage: restore.sh [--time TIME]" 2 ;;
esac
configure
backrest info --output=json | grep '"label"' >/dev/null || fail "there is no backup in $BACKUPS; nothing was changed."
stop_server
none_left
aside=
if [ -e "$DATA" ]; then
  aside=$DATA.before-$(date +%Y%m%dT%H%M%S)
  mv "$DATA" "$aside"
fi
install -d -o postgres -g postgres -m 700 "$DATA"
if ! backrest "${what[@]}" restore; then
  rm -rf "$DATA"
  [ -z "$aside" ] || mv "$aside" "$DATA"
  fail "the restore failed; what was there is in place again, and not started."
fi
rm -f "$etc/replication.conf" "$etc/follows"
[ -z "$aside" ] || echo "what was there is now $aside; delete it when all is well"
start_server
until_true "SELECT NOT pg_is_in_recovery()" "that the changes are replayed"
no_target "$DATA"
sql "ALTER SYSTEM SET synchronous_standby_names = ''"
sql "SELECT pg_reload_conf()" >/dev/null
echo "$NAME is the primary, as of $(sql 'SELECT coalesce(pg_last_xact_replay_timestamp(), now())'). Next: backup.sh full; standby.sh --anew on the other"

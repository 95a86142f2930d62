#!/usr/bin/env bash
# A copy of the whole server, to which the archived changes since lead on. As root on the primary; on a standby it does nothing.
#   backup.sh [full|diff|incr]   default: full on Sundays (and the first), else diff: what changed since the last full one
set -euo pipefail
. "$(dirname "$0")/common.sh"
type=diff
[ "$(date +%u)" != 7 ] || type=full
type=${1:-$type}
case $type in full | diff | incr) ;; *) fail "usage: backup.sh [full|diff|incr]" 2 ;; esac
running || fail "the server in $DATA does not run."
if is_standby; then
  echo "$NAME is a standby; its primary makes the backups"
  exit
fi
backrest stanza-create
backrest check # a change goes to the archive and is found there
began=$SECONDS
backrest --type="$type" backup
echo "done in $((SECONDS - began)) s; $BACKUPS has $(du -sm "$BACKUPS" | cut -f1) MB"
backrest info

#!/usr/bin/env bash
# What the scripts of this folder share. Sourced, not run. WAKHAN_POSTGRESQL names the settings, if they are elsewhere.
settings=${WAKHAN_POSTGRESQL:-/etc/wakhan/postgresql/server.env}
me=$(basename "$0")

fail() { echo "$me: $1" >&2; exit "${2:-1}"; }

[ "$(id -u)" -eq 0 ] || fail "needs root." 2
[ -r "$settings" ] || fail "$settings is not there; copy deploy/postgresql/server.env to it and edit it." 2
# shellcheck disable=SC1090
. "$settings"
etc=$(cd "$(dirname "$settings")" && pwd)
for name in NAME PORT LISTEN CLIENTS PEERS DATA SOCKET BACKUPS; do
  [ -n "${!name:-}" ] || fail "$name is not set in $settings." 2
done
[[ $NAME =~ ^[a-z0-9][a-z0-9.-]*$ ]] || fail "NAME is '$NAME'; it takes a host name in [a-z0-9.-]." 2
UNIT=${UNIT:-}
slot=$(tr '.-' '__' <<< "$NAME")
bin=/usr/lib/postgresql/$(cat "$DATA/PG_VERSION" 2>/dev/null || echo none)/bin # the release that wrote the data
[ -x "$bin/postgres" ] || bin=$(find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -path '*/bin/initdb' -printf '%h\n' 2>/dev/null | sort -V | tail -n 1 || true)
[ -n "$bin" ] || fail "PostgreSQL is not installed (apt-get install postgresql postgresql-17-pgvector pgbackrest)." 2
command -v pgbackrest >/dev/null || fail "pgBackRest is not installed (apt-get install pgbackrest)." 2

as_postgres() { (cd / && exec runuser -u postgres -- "$@"); }
# synchronous_commit: what the scripts write must not wait for a standby that is away.
locally() { as_postgres env PGOPTIONS="-c synchronous_commit=local" "$bin/psql" -XAtq -v ON_ERROR_STOP=1 -h "$SOCKET" -p "$PORT" "$@"; }
sql() { locally -d "${2:-postgres}" -c "$1"; }
backrest() { as_postgres pgbackrest --config="$etc/pgbackrest.conf" --stanza=wakhan --log-level-console=warn "$@"; }
# Where the first process of a machine buries late (containers), a killed server stays on as a zombie, and PostgreSQL takes that for
# a server that runs.
bury() {
  local file
  for file in "$DATA/postmaster.pid" "$SOCKET/.s.PGSQL.$PORT.lock"; do
    [ -e "$file" ] && grep -qs '^State:[[:space:]]*Z' "/proc/$(head -n 1 "$file" | tr -d ' ')/status" || continue
    rm -f "$file"
  done
}
running() { bury; as_postgres "$bin/pg_ctl" -D "$DATA" status >/dev/null 2>&1; }
is_standby() { [ "$(sql 'SELECT pg_is_in_recovery()')" = t ]; }

# How one server speaks to another: encrypted, the name proved.
conninfo() { # HOST[:PORT]
  echo "host=${1%%:*} port=$(port_of "$1") user=wakhan_replication sslmode=verify-full sslrootcert=$etc/ca.crt passfile=$etc/pgpass connect_timeout=3"
}
port_of() { case $1 in *:*) echo "${1##*:}" ;; *) echo 5432 ;; esac; }
peer_sql() { as_postgres "$bin/psql" -XAtq -v ON_ERROR_STOP=1 -d "$(conninfo "$1") dbname=postgres" -c "$2"; }

start_server() {
  running && return
  if [ -n "$UNIT" ]; then systemctl start "$UNIT"; return; fi
  as_postgres "$bin/pg_ctl" -D "$DATA" -o "-c config_file=$etc/postgresql.conf" -l "$DATA.log" -w -t "${PATIENCE:-300}" start >/dev/null ||
    fail "the server does not start; $DATA.log tells why."
}
stop_server() {
  running || return 0
  if [ -n "$UNIT" ]; then systemctl stop "$UNIT"; return; fi
  as_postgres "$bin/pg_ctl" -D "$DATA" -m fast -w -t "${PATIENCE:-300}" stop >/dev/null || ! running
}
# A restore leaves its target with the data, and a standby that has it from there would end its recovery at that target.
no_target() {
  as_postgres sed -i -E '/^(recovery_target|restore_command|primary_)/d' "$1/postgresql.auto.conf"
}
left() { find /proc -mindepth 2 -maxdepth 2 -name cwd -lname "$(readlink -f "$DATA")" 2>/dev/null | cut -d/ -f3 | tr "\n" " " || true; }
none_left() { # processes that outlive a server that was killed: for a moment, or where they hang
  local ends=$((SECONDS + 30))
  while [ -n "$(left)" ]; do
    [ $SECONDS -lt $ends ] || fail "processes of the dead server are still there ($(left)): end them (kill -9), then run this again."
    sleep 0.2
  done
}
until_true() { # SQL, WHAT
  local ends=$((SECONDS + ${PATIENCE:-300}))
  until [ "$(sql "$1" 2>/dev/null)" = t ]; do
    [ $SECONDS -lt $ends ] || fail "$2 is not so after ${PATIENCE:-300} s; $DATA.log or journalctl tells why."
    sleep 0.2
  done
}

# All that a server is configured by lies in this folder, outside of its data: a copy or a rewind of those brings nobody else's.
# What is set while it runs (ALTER SYSTEM) lies with the data.
configure() {
  local network
  for name in server.crt server.key ca.crt; do
    [ -r "$etc/$name" ] || fail "$etc/$name is not there; make it with certificates.sh." 2
  done
  cat > "$etc/postgresql.conf" <<CONF
# Written by $me; your own settings go into extra.conf, which counts last.
data_directory = '$DATA'
hba_file = '$etc/pg_hba.conf'
listen_addresses = '$LISTEN'
port = $PORT
unix_socket_directories = '$SOCKET'
cluster_name = '$NAME'
ssl = on
ssl_cert_file = '$etc/server.crt'
ssl_key_file = '$etc/server.key'
ssl_min_protocol_version = 'TLSv1.2'
password_encryption = 'scram-sha-256'
max_connections = 200
jit = off
wal_level = replica
max_wal_senders = 10
max_replication_slots = 10
max_slot_wal_keep_size = '64GB'
wal_sender_timeout = '10s'
wal_receiver_timeout = '10s'
wal_receiver_status_interval = '1s'
hot_standby = on
synchronous_commit = remote_apply
archive_mode = on
archive_timeout = '5min'
archive_command = 'pgbackrest --config=$etc/pgbackrest.conf --stanza=wakhan archive-push %p'
restore_command = 'pgbackrest --config=$etc/pgbackrest.conf --stanza=wakhan archive-get %f "%p"'
include_if_exists = '$etc/replication.conf'
include_if_exists = '$etc/extra.conf'
CONF
  {
    echo "# Written by $me. Nobody connects without TLS; what is not named is refused."
    echo "local all postgres peer"
    for network in $CLIENTS; do echo "hostssl wakhan wakhan_web,wakhan_ingest $network scram-sha-256"; done
    for network in $PEERS; do echo "hostssl replication,postgres wakhan_replication $network scram-sha-256"; done
  } > "$etc/pg_hba.conf"
  cat > "$etc/pgbackrest.conf" <<CONF
[global]
repo1-path=$BACKUPS
repo1-retention-full=2
start-fast=y
compress-type=lz4
log-level-file=off
lock-path=$DATA.lock
[wakhan]
pg1-path=$DATA
pg1-port=$PORT
pg1-socket-path=$SOCKET
CONF
  chown root:postgres "$etc"
  chmod 750 "$etc"
  chown postgres:postgres "$etc"/{postgresql,pg_hba,pgbackrest}.conf "$etc"/server.{crt,key} "$etc/ca.crt"
  chmod 600 "$etc/server.key"
  install -d -o postgres -g postgres -m 700 "$(dirname "$DATA")" "$DATA.lock"
  install -d -o postgres -g postgres -m 750 "$BACKUPS"
}

follow() { # HOST[:PORT]: whom this server replicates from when it is a standby
  echo "primary_conninfo = '$(conninfo "$1") application_name=$slot'
primary_slot_name = '$slot'" > "$etc/replication.conf"
  echo "$1" > "$etc/follows"
  chown postgres:postgres "$etc/replication.conf"
  chmod 600 "$etc/replication.conf"
  peer_sql "$1" "SELECT pg_create_physical_replication_slot('$slot', true)
    WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '$slot')" >/dev/null
}

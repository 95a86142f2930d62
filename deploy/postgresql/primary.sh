#!/usr/bin/env bash
# The server that is written to: its cluster, TLS, roles, database, archive of changes. As root; again to bring changed settings
# in force. Before it: server.env, and server.crt, server.key and ca.crt beside it.
#   primary.sh
# Passwords of the three roles that log in are drawn once, into pgpass beside the settings; clients get their line of it.
set -euo pipefail
. "$(dirname "$0")/common.sh"
[ $# -eq 0 ] || fail "takes no argument; the settings are in $settings." 2

configure
if [ ! -e "$etc/pgpass" ]; then
  for role in wakhan_ingest wakhan_web wakhan_replication; do
    echo "*:*:*:$role:$(openssl rand -hex 24)"
  done > "$etc/pgpass.new"
  chown postgres:postgres "$etc/pgpass.new"
  chmod 600 "$etc/pgpass.new"
  mv "$etc/pgpass.new" "$etc/pgpass"
fi
if [ ! -e "$DATA/PG_VERSION" ]; then
  as_postgres "$bin/initdb" -D "$DATA" -U postgres --auth=peer --data-checksums -E UTF8 --locale=C.UTF-8 >/dev/null
fi
start_server
is_standby && fail "this server is a standby; promote.sh makes it the primary."
sql "SELECT pg_reload_conf()" >/dev/null
backrest stanza-create

password() { grep ":$1:" "$etc/pgpass" | cut -d: -f5; }
roles() {
  for role in wakhan_ingest wakhan_web wakhan_replication; do
    echo "SELECT 'CREATE ROLE $role' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$role') \gexec
      ALTER ROLE $role LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD '$(password "$role")';"
  done
  cat <<'SQL'
SET client_min_messages = warning;
SELECT 'CREATE ROLE wakhan_reader NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wakhan_reader') \gexec
GRANT wakhan_reader TO wakhan_web;
ALTER ROLE wakhan_web CONNECTION LIMIT 150;
ALTER ROLE wakhan_web SET statement_timeout = '30s';
ALTER ROLE wakhan_web SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE wakhan_replication REPLICATION;
-- What pg_rewind asks of the new primary.
GRANT EXECUTE ON FUNCTION pg_ls_dir(text, boolean, boolean), pg_stat_file(text, boolean), pg_read_binary_file(text),
  pg_read_binary_file(text, bigint, bigint, boolean) TO wakhan_replication;
SELECT 'CREATE DATABASE wakhan OWNER wakhan_ingest TEMPLATE template0 ENCODING ''UTF8'''
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'wakhan') \gexec
REVOKE ALL ON DATABASE wakhan FROM PUBLIC;
GRANT CONNECT ON DATABASE wakhan TO wakhan_reader;
\c wakhan
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vector;
-- Large objects belong to no schema: every role may make them, unless it is kept from it.
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;
SQL
}
roles | locally -d postgres >/dev/null
echo "$NAME is the primary on port $PORT. Passwords: $etc/pgpass. Next: standby.sh on the other server, backup.sh here."

#!/usr/bin/env bash
# PostgreSQL for the tests, on a Debian machine, as root.
#   tests/postgres.sh install        server, pgBackRest and pgvector; where Debian has no package, pgvector is built from Debian's source
#   tests/postgres.sh start FOLDER   a primary and a hot standby in FOLDER on free ports of 127.0.0.1; prints the two ports
#   tests/postgres.sh stop FOLDER    end both
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive PGCTLTIMEOUT=300

version() { find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sort -n | tail -n 1; }

apt="-o Acquire::Retries=5 -o DPkg::Lock::Timeout=300" # a mirror that fails for a moment; another apt that is at work

# shellcheck disable=SC2086
install_server() {
  apt-get $apt update -qq
  if apt-cache policy postgresql-17-pgvector | grep 'Candidate: [0-9]' >/dev/null; then
    apt-get $apt install -y -qq --no-install-recommends postgresql-17 postgresql-17-pgvector pgbackrest >/dev/null
    return
  fi
  apt-get $apt install -y -qq --no-install-recommends postgresql-15 pgbackrest postgresql-server-dev-15 build-essential \
    >/dev/null
  [ -e /usr/lib/postgresql/15/lib/vector.so ] || build_pgvector
}

# The source package of the next Debian, from the mirror that this machine uses already.
build_pgvector() {
  local made mirror options
  made=$(mktemp -d)
  mkdir -p "$made/lists/partial" "$made/cache/archives/partial"
  mirror=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -n 1 | tr -d ' ' || true)
  echo "deb-src ${mirror:?no mirror in the apt sources} trixie main" > "$made/source.list"
  options="-o Dir::Etc::sourcelist=$made/source.list -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists=$made/lists
    -o Dir::Cache=$made/cache -o APT::Sandbox::User=root $apt"
  # shellcheck disable=SC2086
  (cd "$made" && apt-get $options update -qq && apt-get $options source -qq --download-only pgvector >/dev/null 2>&1
   tar xzf pgvector_*.orig.tar.gz && cd pgvector-*/
   make -s -j2 OPTFLAGS="" with_llvm=no PG_CONFIG=/usr/lib/postgresql/15/bin/pg_config >/dev/null 2>&1
   make -s with_llvm=no PG_CONFIG=/usr/lib/postgresql/15/bin/pg_config install >/dev/null)
  rm -rf "$made"
}

# fsync is off: processes are killed here, no machine loses its power, and a busy disk took a minute for what takes seconds.
as_postgres() { runuser -u postgres -- env -C "$folder" "$@"; }

start() {
  local bin ports
  bin=/usr/lib/postgresql/$(version)/bin
  ports=($(python3 "$(dirname "$0")/ports.py" 2))
  install -d -o postgres -g postgres -m 700 "$folder"
  as_postgres "$bin/initdb" -D "$folder/primary" -U postgres -A trust -N -E UTF8 --locale=C.UTF-8 >/dev/null
  printf '%s\n' "listen_addresses='127.0.0.1'" "unix_socket_directories=''" "wal_log_hints=on" "fsync=off" "shared_buffers=64MB" \
    "maintenance_work_mem=64MB" "jit=off" "wal_receiver_status_interval=1" "max_connections=60" >> "$folder/primary/postgresql.conf"
  as_postgres "$bin/pg_ctl" -D "$folder/primary" -o "-p ${ports[0]}" -l "$folder/primary.log" -w start >/dev/null
  as_postgres "$bin/pg_basebackup" -h 127.0.0.1 -p "${ports[0]}" -U postgres -D "$folder/standby" -R -X stream -c fast -C -S standby -N 2>/dev/null
  as_postgres "$bin/pg_ctl" -D "$folder/standby" -o "-p ${ports[1]}" -l "$folder/standby.log" -w start >/dev/null
  echo "${ports[@]}"
}

stop() {
  local bin
  bin=/usr/lib/postgresql/$(version)/bin
  for one in standby primary; do
    as_postgres "$bin/pg_ctl" -D "$folder/$one" -m immediate stop >/dev/null 2>&1 || true
  done
}

command=${1:?install, start or stop}
folder=${2:-}
case $command in
  install) install_server ;;
  start) : "${folder:?the folder to make}"; start ;;
  stop) : "${folder:?the folder that was made}"; stop ;;
  *) echo "unknown: $command" >&2; exit 2 ;;
esac

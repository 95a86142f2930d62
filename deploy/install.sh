#!/usr/bin/env bash
# Install or update Wakhan from this checkout on a machine with systemd: program in /opt/wakhan, data in /var/lib/wakhan, documents
# in /srv/wakhan, settings in /etc/wakhan. Run as root; run it again to update. What is there of data and settings stays.
#
#   deploy/install.sh                 everything, then starts the server and the nightly timer
#   DESTDIR=/tmp/x deploy/install.sh  lays the files out below a folder; makes no user, starts nothing (for packages and trials)
#   PYTHON=python3.12                 another interpreter (3.11 or newer)
#   PIP_NO_INDEX=1 PIP_FIND_LINKS=/media/wheels   a machine without network: pip takes wheels from a folder
set -euo pipefail
cd "$(dirname "$0")/.."
root=${DESTDIR:-}
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
if [ -z "$root" ] && [ "$(id -u)" -ne 0 ]; then
  echo "install.sh: needs root, for the user, the units and /opt; or give DESTDIR to lay files out only." >&2
  exit 2
fi

if [ -z "$root" ] && ! id wakhan >/dev/null 2>&1; then
  useradd --system --home-dir /var/lib/wakhan --shell /usr/sbin/nologin wakhan
fi
install -d -m 755 "$root/opt/wakhan" "$root/etc/wakhan" "$root/etc/systemd/system" "$root/srv/wakhan"
install -d -m 750 "$root/var/lib/wakhan"
# The program belongs to root, so that a service that is taken over cannot change it. Folders are replaced whole.
for name in kb ingest web docs deploy; do
  rm -rf "$root/opt/wakhan/$name.new"
  cp -R "$name" "$root/opt/wakhan/$name.new"
  rm -rf "$root/opt/wakhan/$name"
  mv "$root/opt/wakhan/$name.new" "$root/opt/wakhan/$name"
done
cp requirements.txt constraints.txt README.md ARCHITECTURE.md LICENSE "$root/opt/wakhan/"
if [ ! -x "$root/opt/wakhan/.venv/bin/python" ]; then
  "$python" -m venv "$root/opt/wakhan/.venv"
fi
"$root/opt/wakhan/.venv/bin/python" -m pip --disable-pip-version-check install --quiet \
  -r requirements.txt -c constraints.txt
if [ ! -e "$root/etc/wakhan/wakhan.env" ]; then
  install -m 640 deploy/wakhan.env "$root/etc/wakhan/wakhan.env"
fi
install -m 644 deploy/*.service deploy/*.timer "$root/etc/systemd/system/"
if [ -n "$root" ]; then
  echo "laid out below $root; no user was made and nothing was started."
  exit 0
fi

chown wakhan:wakhan /var/lib/wakhan
chgrp wakhan /etc/wakhan/wakhan.env
systemctl daemon-reload
systemctl enable --now wakhan-reindex.timer
systemctl enable wakhan-web.service
systemctl restart wakhan-web.service
echo "Put documents into /srv/wakhan, then: systemctl start wakhan-reindex; journalctl -u wakhan-reindex -f"

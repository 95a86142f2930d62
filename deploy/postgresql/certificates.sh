#!/usr/bin/env bash
# A certificate authority of your own, and certificates of servers by it. Where an authority of your house signs, use that instead.
#   certificates.sh ca FOLDER                     ca.key (keep it off the servers) and ca.crt (everybody's)
#   certificates.sh server FOLDER HOST [ALIAS…]   HOST.key and HOST.crt: server.key and server.crt on that machine. ALIAS: a name or
#                                                 an IP address that clients use for it
# What is there and holds for 30 days more is kept.
set -euo pipefail
umask 077
usage() { sed -n '3,5s/^#   //p' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
what=$1 folder=$2
mkdir -p "$folder"
good() { [ -e "$1.key" ] && openssl x509 -in "$1.crt" -checkend $((30 * 24 * 3600)) -noout >/dev/null 2>&1; }
key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null ||
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }

case $what in
  ca)
    if ! good "$folder/ca"; then
      key "$folder/ca.key"
      openssl req -x509 -new -key "$folder/ca.key" -sha256 -days 3650 -subj "/CN=Wakhan database authority" -out "$folder/ca.crt" \
        -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"
    fi
    chmod 644 "$folder/ca.crt"
    echo "$folder/ca.crt holds until $(openssl x509 -in "$folder/ca.crt" -noout -enddate | cut -d= -f2)" ;;
  server)
    [ $# -ge 3 ] || usage
    [ -e "$folder/ca.key" ] || { echo "certificates.sh: $folder/ca.key is not there; begin with: certificates.sh ca $folder" >&2; exit 2; }
    host=$3
    names=
    for name in "${@:3}"; do
      if [[ $name =~ ^[0-9.]+$|: ]]; then names+="IP:$name,"; else names+="DNS:$name,"; fi
    done
    if ! good "$folder/$host"; then
      key "$folder/$host.key"
      openssl req -new -key "$folder/$host.key" -subj "/CN=$host" |
        openssl x509 -req -in /dev/stdin -CA "$folder/ca.crt" -CAkey "$folder/ca.key" -set_serial "0x$(openssl rand -hex 16)" -sha256 -days 825 \
          -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\nbasicConstraints=critical,CA:FALSE\n' "${names%,}") \
          -out "$folder/$host.crt" 2>/dev/null
    fi
    chmod 644 "$folder/$host.crt"
    echo "$folder/$host.crt ($names) holds until $(openssl x509 -in "$folder/$host.crt" -noout -enddate | cut -d= -f2)" ;;
  *) usage ;;
esac

#!/usr/bin/env bash
# Certificates for the nodes of a Ray cluster, from an authority of your own.
#   deploy/ray-certificates.sh FOLDER ADDRESS...
# FOLDER/ca.key stays where it is, locked away. Each node gets ca.pem and, of its ADDRESS, node.pem and node.key. Run again with
# other addresses, the same authority signs for them too.
set -euo pipefail
umask 077
folder=${1:?the folder to write to}
shift
: "${1:?the addresses of the nodes}"
days=365
key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
mkdir -p "$folder"
cd "$folder"
if [ ! -e ca.key ]; then
  openssl req -x509 "${key[@]}" -days "$days" -subj "/CN=nodes of Wakhan" -keyout ca.key -out ca.pem 2>/dev/null
fi
for address in "$@"; do
  mkdir -p "$address"
  openssl req "${key[@]}" -subj "/CN=$address" -keyout "$address/node.key" -out "$address/node.csr" 2>/dev/null
  openssl x509 -req -in "$address/node.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "$days" -out "$address/node.pem" \
    -extfile <(echo "subjectAltName=IP:$address,IP:127.0.0.1") 2>/dev/null
  rm "$address/node.csr"
  cp ca.pem "$address/ca.pem"
  echo "$folder/$address: ca.pem node.pem node.key"
done

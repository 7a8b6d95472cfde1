#!/usr/bin/env bash
# A little work for a memcached, to be the workload of a sweep: stores, reads, counts and deletes on a few
# connections, and ends with 0 if each answer is right.
#   threadfault sweep --ready listening={port} --workload 'docs/examples/memcached_client.sh {port}' --
#       memcached -u nobody -t 4 -l 127.0.0.1 -p {port}
set -euo pipefail
port=${1:?usage: memcached_client.sh PORT}

ask() {
    local answer
    printf '%b' "$1" >&3
    IFS= read -r -t 2 answer <&3 || { echo "no answer to $1" >&2; exit 1; }
    [ "${answer%$'\r'}" = "$2" ] || { echo "$1 is answered with $answer, not $2" >&2; exit 1; }
}

# As many as memcached has workers: it hands connections to them in turn.
for connection in 1 2 3 4; do
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    ask "set key$connection 0 0 1\r\n$connection\r\n" STORED
    ask "incr key$connection 4\r\n" $((connection + 4))
    ask "delete key$connection\r\n" DELETED
    exec 3>&-
done

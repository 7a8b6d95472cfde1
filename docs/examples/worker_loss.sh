#!/usr/bin/env bash
# worker_loss.sh COUNT NAME PROGRAM [ARGS…]
#
# Does the program go on when any one of its workers is gone? Starts it once for each of the COUNT
# threads whose names begin with NAME, ends that thread, and asks whether the rest makes progress.
# Exit status: 0 it always does, 1 it does not, 2 the test could not be done.
set -euo pipefail

threadfault=${THREADFAULT:-threadfault}
count=$1 name=$2
shift 2

workers() {
    "$threadfault" ps "$pid" --json |
        jq -r --arg name "$name" '.threads[] | select(.name | startswith($name)) | .path'
}

start() {
    "$threadfault" run -- "$@" &
    pid=$!
    for ((look = 0; look < 600; look++)); do
        [ "$(workers 2>/dev/null | wc -l)" -eq "$count" ] && return
        sleep 0.1
    done
    echo "process $pid has not got $count threads named $name…" >&2
    exit 2
}

pid=
trap '[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true' EXIT

status=0
for ((i = 1; i <= count; i++)); do
    start "$@"
    path=$(workers | sed -n "${i}p")
    # Exit status 6: the thread has not ended, and .reason says why.
    result=$("$threadfault" kill "$pid" "path=$path" --how vanish --wait 30s --json) ||
        { echo "$path: $result" >&2; exit 2; }
    # Exit status 1: stuck. 7: the process has ended.
    verdict=$("$threadfault" watch "$pid" --for 1s --json | jq -r .verdict) || status=1
    echo "without $path ($(jq -r .name <<<"$result")): ${verdict:-dead}"
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    pid=
done
exit $status

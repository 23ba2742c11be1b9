#!/bin/sh
# Sends the state of this Kodeks server to the monitoring; every 15 minutes.
set -u
cd "$(dirname "$0")" || exit 1
TASK=status
. ./common.sh
begin

metrics() { # CONFIG: true when Kodeks answered with metrics
    fetch "$1" && [ -s status.data ] && ! is_page
}

told=OK
if metrics status.curl || metrics status-older.curl; then
    # When the server answered, by its own clock; older versions of the script left it out.
    grep -i '^date:' status.head | tail -n 1 | tr -d '\r' | sed 's/^[^:]*/date/' >status.answer
    cat status.data >>status.answer
    mv status.answer status.data
else
    told="SILENT Kodeks does not answer with metrics: curl exit $?; an empty state was sent, which is an alarm"
    : >status.data
fi
log_out
send 200 422 # an empty state is refused as a file, and noted
say "$told"

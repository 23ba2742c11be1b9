#!/bin/sh
# Sends the sysinfo report of this Kodeks server to the monitoring; once an hour.
set -u
cd "$(dirname "$0")" || exit 1
TASK=report
. ./common.sh
begin

fetch report.curl || fail "no-report: curl exit $?: $(tail -n 1 report.answer | cut -c 1-200)"
log_out
[ -s report.data ] || fail "empty-report: Kodeks answered with nothing"
# What is no report stays here: the monitoring would take it for one, or keep an old one for fresh.
if is_page; then fail "page-instead-of-report: login, rights or maintenance"; fi
[ "$(head -c 2 report.data)" = PK ] || fail "not-a-zip: Kodeks answered with something else"
send 200
say "OK $(wc -c <report.data) bytes"

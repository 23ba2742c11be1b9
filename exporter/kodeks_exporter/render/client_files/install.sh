#!/bin/sh
# Switches the two tasks on: systemd's timers, or cron where there is no systemd. As root.
set -eu
cd "$(dirname "$0")"
HERE=$(pwd -P)
[ "$(id -u)" = 0 ] || { echo "run this as root" >&2; exit 1; }
id kodeks-monitoring >/dev/null 2>&1 ||
    useradd --system --home-dir "$HERE" --no-create-home --shell /usr/sbin/nologin kodeks-monitoring
chown -R kodeks-monitoring: "$HERE"
chmod 700 "$HERE" && chmod 600 ./*.curl && chmod 700 ./*.sh
if [ -d /run/systemd/system ]; then
    for task in report status; do
        sed "s|@HERE@|$HERE|g" "kodeks-$task.service" >"/etc/systemd/system/kodeks-$task.service"
        cp "kodeks-$task.timer" /etc/systemd/system/
    done
    systemctl daemon-reload
    systemctl enable --now kodeks-report.timer kodeks-status.timer
    systemctl list-timers 'kodeks-*' --no-pager
else
    minute=$(( $(od -An -N2 -tu2 /dev/urandom) % 15 ))
    {
        echo "$minute * * * * kodeks-monitoring $HERE/report.sh >/dev/null 2>&1"
        echo "$minute-59/15 * * * * kodeks-monitoring $HERE/status.sh >/dev/null 2>&1"
    } >/etc/cron.d/kodeks-monitoring
    echo "/etc/cron.d/kodeks-monitoring was written"
fi

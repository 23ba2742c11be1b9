# Shared by report.sh and status.sh, which set TASK first. Addresses, passwords and the token are in the *.curl files.
umask 077
LC_ALL=C
export LC_ALL

say() { # TEXT…: one line into log.txt and to whoever looks on; the page explains each word
    printf '%s %s: %s\n' "$(date '+%Y-%m-%d %H:%M:%S')" "$TASK" "$*" | tee -a log.txt
}

fail() { # TEXT…
    say "ERROR $*"
    exit 1
}

begin() { # one run of a task at a time; a log that does not grow for ever
    command -v curl >/dev/null || fail "no-curl: install the package curl"
    exec 9>"$TASK.lock"
    flock -n 9 || fail "still-running: the run before has not ended"
    if [ -f log.txt ] && [ "$(wc -c <log.txt)" -gt 200000 ]; then
        tail -n 1000 log.txt >log.new && mv log.new log.txt
    fi
    trap 'rm -f "$TASK.data" "$TASK.head" "$TASK.answer" "$TASK.cookies"' EXIT
}

fetch() { # CONFIG: what Kodeks answers, into $TASK.data; curl's own exit code
    rm -f "$TASK.data" # what an earlier run left is never sent as this one's
    curl --config "$1" --cookie-jar "$TASK.cookies" --dump-header "$TASK.head" --output "$TASK.data" 2>"$TASK.answer"
}

log_out() { # so that no seat stays taken
    curl --config logout.curl --cookie "$TASK.cookies" --output /dev/null 2>/dev/null || :
}

send() { # CODE…: $TASK.data, under the client's name; HTTP codes that mean that it was taken
    code=$(curl --config "upload-$TASK.curl" 2>"$TASK.head") ||
        fail "not-sent: curl exit $?: $(tail -n 1 "$TASK.head" | cut -c 1-200)"
    case " $* " in
    *" $code "*) ;;
    *) fail "not-accepted: HTTP $code: $(head -n 1 "$TASK.answer" | cut -c 1-300)" ;;
    esac
}

is_page() { # a page for people in place of data: a login, maintenance, a proxy's error
    head -c 2000 "$TASK.data" | grep -qiE '<html|<!doctype html'
}

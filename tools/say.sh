# Progress, failures, repeated attempts, and the lock of the bootstrap. Sourced by ../run; needs TOP and CACHE.

STARTED=$(date +%s)

say() { # TEXT…: one line of progress with the seconds since the start
    printf '[%3ds] %s\n' "$(($(date +%s) - STARTED))" "$*"
}

fail() { # TEXT…: what went wrong and what to do; ends the run
    for line in "$@"; do
        printf 'run: %s\n' "$line" >&2
    done
    exit 1
}

need_writable_checkout() {
    mkdir -p "$CACHE/log" 2>/dev/null || :
    for dir in "$TOP" "$CACHE" "$CACHE/log" "$TOP/.venv"; do
        if [ -e "$dir" ] && [ -w "$dir" ]; then continue; fi
        [ "$dir" = "$TOP/.venv" ] && [ ! -e "$dir" ] && continue
        fail "cannot write to $dir" \
            "It belongs to another user. Run as that user, or give the checkout to yourself: chown -R $(id -un) $TOP"
    done
}

lock() { # two runs at once take turns in the bootstrap
    command -v flock >/dev/null || return 0
    exec 9>"$CACHE/lock"
    if ! flock -n 9; then
        say "waiting for another ./run of this checkout to finish its preparations"
        flock 9
    fi
}

unlock() {
    exec 9>&-
}

attempt() { # LOG COMMAND…: up to three attempts, all output into .cache/log/LOG; false when the last one failed
    log=$CACHE/log/$1
    shift
    for pause in 2 5 0; do
        if "$@" >"$log" 2>&1 9>&-; then return 0; fi
        [ "$pause" = 0 ] || sleep "$pause"
    done
    return 1
}

show_log() { # LOG: its last lines, for the person who has to find the cause
    sed -e 's/^/    /' "$CACHE/log/$1" | tail -n 12 >&2
}

# The virtual environment: made without root, and without python3-venv and pip on the machine. Sourced by ../run.

find_python() { # prints a Python 3.11 or newer; Debian's own first, because a version manager's shim may be in PATH
    for candidate in /usr/bin/python3.11 /usr/bin/python3 python3.11 python3 python3.12 python3.13; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

venv_state() { # what .venv was made from: it moves, or pyproject.toml or the pins change, and it is brought up to date
    { echo "$TOP"; cat "$TOP/pyproject.toml" "$TOP/constraints.txt"; } | cksum
}

need_venv() { # EXTRA: .venv with this package (editable) and that extra of pyproject.toml
    state=$(venv_state)
    # `dev` holds all that `demo` needs.
    for made in "$1" dev; do
        if [ -x "$PYTHON" ] && [ "$(cat "$TOP/.venv/.made-$made" 2>/dev/null)" = "$state" ]; then return; fi
    done
    if ! "$PYTHON" -m pip --version >/dev/null 2>&1; then make_venv; fi

    say "Python packages of '$1' into .venv"
    attempt pip.log "$PYTHON" -m pip install --quiet --no-input --progress-bar off --disable-pip-version-check \
        --constraint "$TOP/constraints.txt" --editable "$TOP[$1]" || {
        show_log pip.log
        fail "pip could not install the Python packages (three attempts; whole log: .cache/log/pip.log)." \
            "Check that this machine reaches its package index (pip config list), then start again."
    }
    rm -f "$TOP"/.venv/.made-*
    echo "$state" >"$TOP/.venv/.made-$1"
}

make_venv() {
    python=$(find_python) || fail "no Python 3.11 or newer found." "On Debian 12: apt-get install python3"
    say "virtual environment .venv with $python"
    rm -rf "$TOP/.venv"
    if "$python" -c 'import ensurepip' 2>/dev/null; then
        attempt venv.log "$python" -m venv "$TOP/.venv" && return
    else
        bring_packages python3-pip-whl
        wheel=$(find "$CACHE/tools/root/usr/share/python-wheels" -name 'pip-*.whl' | head -n 1)
        # A wheel is a zip that Python can run from: pip installs itself.
        attempt venv.log "$python" -m venv --without-pip "$TOP/.venv" &&
            attempt venv.log "$PYTHON" "$wheel/pip" install --quiet --no-index --disable-pip-version-check "$wheel" &&
            return
    fi
    show_log venv.log
    fail "cannot make the virtual environment .venv (whole log: .cache/log/venv.log)." \
        "With root: apt-get install python3-venv, then start again."
}

# Debian's programs without root and without a system service: packages are downloaded by apt (which checks their
# signatures), unpacked into .cache/tools/root and called through wrappers in .cache/tools/bin. A program that the
# machine already has is used as it is. Sourced by ../run.

ROOT=$CACHE/tools/root

package_of() { # PROGRAM: the packages that bring it
    case $1 in
    prometheus | promtool) echo prometheus ;;
    prometheus-alertmanager | amtool) echo prometheus-alertmanager ;;
    prometheus-blackbox-exporter) echo prometheus-blackbox-exporter ;;
    nginx) echo nginx ;;
    snmpd) echo snmpd ;;
    snmpwalk) echo snmp ;;
    curl) echo curl ;;
    chromium) echo chromium fonts-dejavu-core ;;
    *) fail "tools/debian.sh knows no package of the program $1" ;;
    esac
}

need_programs() { # PROGRAM…: each is in PATH afterwards
    missing='' packages=''
    for program in "$@"; do
        command -v "$program" >/dev/null && continue
        missing="$missing $program"
        packages="$packages $(package_of "$program")"
    done
    [ -n "$missing" ] || return 0
    bring_packages $packages
    for program in $missing; do wrap "$program"; done
}

bring_packages() { # PACKAGE…: they and what they need, unless installed on the machine, are unpacked in $ROOT
    command -v apt-get >/dev/null && command -v dpkg >/dev/null ||
        fail "this machine has no apt: cannot bring the Debian packages $*." "Install these programs by its own means."
    packages=$(for package in "$@"; do echo "$package"; done | sort -u | tr '\n' ' ')
    say "Debian packages: $packages"
    mkdir -p "$CACHE/debs" "$CACHE/apt/lists/partial" "$CACHE/apt/cache/archives/partial" "$ROOT"

    # The machine's package lists may be missing (a fresh image) or out of date: then take our own, without root.
    if [ -n "$(ls -A "$CACHE/apt/lists" | grep -v -e partial -e lock)" ]; then
        apt_settings own
    else
        apt_settings machine
    fi
    if ! { closure $packages && attempt download.log download; }; then
        say "package lists (kept in .cache)"
        apt_settings own
        attempt update.log apt update || {
            show_log update.log
            fail "apt-get could not read the package lists (three attempts; whole log: .cache/log/update.log)." \
                "Check that this machine reaches its Debian mirror (/etc/apt/sources.list*), then start again."
        }
        closure $packages || {
            show_log closure.log
            fail "apt-get cannot tell what these packages need: $packages" \
                "Check /etc/apt/sources.list* (section main of Debian) and the log .cache/log/closure.log."
        }
        attempt download.log download || {
            show_log download.log
            fail "apt-get could not download the Debian packages (three attempts; whole log: .cache/log/download.log)." \
                "Check that this machine reaches its Debian mirror, then start again."
        }
    fi
    say "unpacking $(wc -l <"$CACHE/apt/files" | tr -d ' ') packages into .cache/tools"
    while read -r file; do
        dpkg -x "$CACHE/debs/$file" "$ROOT" || fail "cannot unpack .cache/debs/$file" "Remove .cache and start again."
        rm -f "$CACHE/debs/$file"
    done <"$CACHE/apt/files"
}

apt_settings() { # machine|own: whose package lists are used; the machine's state is only ever read
    {
        echo 'Debug::NoLocking "true";'
        echo 'APT::Sandbox::User "root";' # the user _apt cannot enter a private home
        echo 'Acquire::Languages "none";'
        echo 'Acquire::Retries "2";'
        echo '#clear APT::Update::Post-Invoke;' # hooks that tidy the machine's cache are not for us
        echo '#clear APT::Update::Post-Invoke-Success;'
        echo '#clear DPkg::Post-Invoke;'
        echo "Dir::Cache \"$CACHE/apt/cache/\";"
        [ "$1" = machine ] || echo "Dir::State::lists \"$CACHE/apt/lists/\";"
    } >"$CACHE/apt/apt.conf"
}

apt() { # ARGUMENTS…
    LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get --quiet --config-file "$CACHE/apt/apt.conf" "$@"
}

closure() { # PACKAGE…: writes .cache/apt/files, the file names of these packages and of what they need and lack
    apt install --print-uris --yes --no-install-recommends --reinstall "$@" \
        >"$CACHE/apt/uris" 2>"$CACHE/log/closure.log" || return 1
    # Left out: a C library that would not fit the machine's loader, and graphics drivers (half of the size), which
    # a browser without a screen does not load.
    sed -n "s/^'[^']*' \([^ ]*\.deb\) .*/\1/p" "$CACHE/apt/uris" |
        grep -v -e '^libc6_' -e '^libc-bin_' -e '^libllvm' -e '^libz3-' -e '^libgl1-mesa-dri_' >"$CACHE/apt/files"
}

download() { # what closure found, into .cache/debs
    cd "$CACHE/debs" || return 1
    # shellcheck disable=SC2046 # package names have no spaces
    apt download $(sed 's/_.*//' "$CACHE/apt/files")
    result=$?
    cd "$TOP" || return 1
    return $result
}

wrap() { # PROGRAM: .cache/tools/bin/PROGRAM, which runs the unpacked one with the unpacked libraries
    target=''
    for place in usr/lib/chromium usr/sbin usr/bin; do
        if [ -x "$ROOT/$place/$1" ] && [ ! -d "$ROOT/$place/$1" ]; then target=$place/$1; break; fi
    done
    [ -n "$target" ] || fail "the package of $1 was unpacked, but $1 is not in it." "Remove .cache and start again."
    libraries=''
    for dir in "$ROOT"/usr/lib/*-linux-gnu* "$ROOT"/lib/*-linux-gnu* "$ROOT"/usr/lib/*-linux-gnu*/pulseaudio; do
        if [ -d "$dir" ]; then libraries="$libraries\$root${dir#"$ROOT"}:"; fi
    done
    mkdir -p "$CACHE/tools/bin"
    {
        echo '#!/bin/sh'
        echo "# Made by tools/debian.sh: $1 as unpacked, with the libraries that were unpacked beside it."
        echo 'root=${0%/*/*}/root'
        # Exported, so that children (workers, helpers) find their libraries, too.
        echo "export LD_LIBRARY_PATH=\"${libraries%:}\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}\""
        case $1 in
        prometheus)
            # Debian keeps the pages of its web interface beside the program.
            echo "exec \"\$root/$target\" --web.local-assets=\"\$root/usr/share/prometheus/web/\" \"\$@\""
            ;;
        prometheus-alertmanager)
            # Debian's build reads its default templates at a fixed path and stops where they are not. In the unpacked
            # program that path is replaced by one of the same length, which leads to the folder opened as number 9.
            LC_ALL=C sed -i "s|/usr/share/prometheus/alertmanager|/proc/self/fd/9/./././././././././|g" "$ROOT/$target"
            echo 'exec 9<"$root/usr/share/prometheus/alertmanager"'
            echo "exec \"\$root/$target\" \"\$@\""
            ;;
        snmpd | snmpwalk)
            echo 'export MIBS="" # numeric OIDs only; the MIB files are not where the program looks'
            echo "exec \"\$root/$target\" \"\$@\""
            ;;
        chromium)
            write_fonts_conf
            echo 'export FONTCONFIG_FILE="$root/../fonts.conf"'
            # Its sandbox needs a set-uid helper, which only root could unpack; it is shown our own pages only.
            echo "exec \"\$root/$target\" --no-sandbox \"\$@\""
            ;;
        *)
            echo "exec \"\$root/$target\" \"\$@\""
            ;;
        esac
    } >"$CACHE/tools/bin/$1.new"
    chmod +x "$CACHE/tools/bin/$1.new"
    mv "$CACHE/tools/bin/$1.new" "$CACHE/tools/bin/$1" # whole or not at all: its presence says that it is ready
}

write_fonts_conf() { # .cache/tools/fonts.conf: the unpacked fonts, then the machine's
    cat >"$CACHE/tools/fonts.conf" <<FONTS
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>$ROOT/usr/share/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>$CACHE/tools/fontconfig</cachedir>
  <alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
FONTS
}

#!/bin/sh
# Install, upgrade or remove Heimdallr on Debian or Ubuntu; `--help` says how, docs/install.md more.
#
# The one script of every way to install: an administrator runs it, the Debian package's postinst
# does (--packaged), and so does the container image's build (--container).
set -eu
umask 022

program=/opt/heimdallr
data=/var/lib/heimdallr
settings=/etc/heimdallr/heimdallr.env
units=/usr/local/lib/systemd/system # not /etc: what is there cannot be masked
former_units=/etc/systemd/system    # of earlier versions
package_unit=/lib/systemd/system/heimdallr.target
oldest_python=3.10
room_gb=10 # with PyTorch for CUDA, as the package index has it; with its build for CPUs it is 3

source=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

usage() {
    cat <<'END'
Usage: install.sh [--wheelhouse FOLDER] [--python PROGRAM] [--worker | --container | --packaged]
       install.sh --uninstall [--packaged]

Installs Heimdallr into /opt/heimdallr, or upgrades what is there: a new environment is made beside
the old one, which serves until the new one is whole. Settings and data stay as they are.

  --wheelhouse FOLDER  take every Python package from there and nothing from the internet; without
                       it dist/wheelhouse (`make wheelhouse`) where that is, else the package index
  --python PROGRAM     the Python to run with; default: python3
  --worker             start the worker alone: for a host without the data folder (object storage);
                       upgrades leave it at that
  --container          for an image: no units, no settings file, a command that reads secrets
  --packaged           for the Debian package, which brings units and settings itself
  --uninstall          remove the program; settings, data and the user stay
END
}

say() { printf '%s\n' "$*"; }

# What is wrong; what to do about it. Nothing has been changed when this is called.
refuse() {
    printf 'install.sh: %s\n  %s\n' "$1" "$2" >&2
    exit 1
}

python=python3 wheelhouse='' kind=services action=install worker=no
while [ $# -gt 0 ]; do
    case $1 in
        --wheelhouse | --python)
            [ $# -ge 2 ] || refuse "$1 needs a value" "see install.sh --help"
            if [ "$1" = --python ]; then python=$2; else wheelhouse=$2; fi
            shift
            ;;
        --worker) worker=yes ;;
        --container) kind=container ;;
        --packaged) kind=packaged ;;
        --uninstall) action=uninstall ;;
        --help | -h)
            usage
            exit 0
            ;;
        *) refuse "$1 is no option" "see install.sh --help" ;;
    esac
    shift
done

# The value of a setting in the services' file, or what holds without.
setting() {
    value=$(sed -n "s/^$1=//p" "$settings" 2>/dev/null | tail -n 1 | tr -d '"')
    say "${value:-$2}"
}

check_privilege() {
    [ "$(id -u)" = 0 ] || refuse "only root can install or remove services" "run it with sudo"
}

is_by_script() { [ -e "$units/heimdallr.target" ] || [ -f "$former_units/heimdallr.target" ]; }

check_other_way() {
    if [ "$kind" = packaged ] && is_by_script; then
        refuse "Heimdallr was installed here by this script, not by its Debian package" \
            "$program/deploy/install.sh --uninstall, then dpkg --configure heimdallr; settings and data stay"
    elif [ "$kind" != packaged ] && [ -e "$package_unit" ]; then
        refuse "Heimdallr's Debian package is installed here" \
            "upgrade it with apt or dpkg; or apt remove heimdallr first: settings and data stay"
    fi
}

check_programs() {
    command -v "$python" >/dev/null || refuse "there is no $python" "apt install python3 python3-venv"
    "$python" -c "import sys; sys.exit(sys.version_info < tuple(map(int, '$oldest_python'.split('.'))))" ||
        refuse "$("$python" --version) is too old: $oldest_python or newer is needed" \
            "install a newer one and name it: --python python3.12"
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        refuse "$python cannot make virtual environments" "apt install python3-venv"
    for name in systemd-sysusers systemd-tmpfiles; do
        command -v "$name" >/dev/null ||
            refuse "there is no $name" "apt install systemd; in a container systemd-standalone-${name#systemd-}"
    done
    [ "$kind" = container ] || command -v systemctl >/dev/null ||
        refuse "there is no systemctl" "apt install systemd; without services: --container"
}

find_wheel() {
    if [ -e "$program/pyproject.toml" ]; then
        refuse "$program is a clone; this is where what is installed goes" \
            "stop the services, mv $program ${program}-clone, run it from there; settings and data stay"
    fi
    set -- "$source"/dist/heimdallr-*.whl
    [ -e "$1" ] || refuse "there is no dist/heimdallr-….whl in $source" "make wheel"
    [ $# = 1 ] || refuse "there are several dist/heimdallr-….whl in $source" "remove all but the one to install"
    wheel=$1
    [ -n "$wheelhouse" ] || [ ! -d "$source/dist/wheelhouse" ] || wheelhouse=$source/dist/wheelhouse
    [ -z "$wheelhouse" ] || [ -n "$(find "$wheelhouse" -maxdepth 1 -name '*.whl' 2>/dev/null)" ] ||
        refuse "there are no wheels in $wheelhouse" "make wheelhouse, on a machine with a way to the internet"
}

check_room() {
    # Unpacked and compiled, a wheelhouse takes four times its own size (measured: 0.75 GB, 3.1 GB).
    [ -z "$wheelhouse" ] || room_gb=$((5 * $(du -skL "$wheelhouse" | cut -f 1) / 1000000 + 1))
    free_gb=$(df -P -B 1000000000 "$(dirname "$program")" | awk 'NR == 2 { print $4 }')
    [ "$free_gb" -ge "$room_gb" ] ||
        refuse "$free_gb GB are free in $(dirname "$program"); $room_gb are needed" "make room there"
}

# Only before the first start: afterwards it is our own services that listen there.
check_ports() {
    [ "$kind" != container ] && [ "$worker" = no ] && [ ! -L "$program/.venv" ] || return 0
    for name in SERVER_PORT:8001 DICOM_PORT:11112; do
        port=$(setting "HEIMDALLR_${name%:*}" "${name#*:}")
        "$python" -c 'import socket, sys
probe = socket.socket()
probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
probe.bind(("", int(sys.argv[1])))' "$port" 2>/dev/null ||
            refuse "port $port is taken" "ss -ltnp sport = :$port tells by whom: stop it, or copy deploy/heimdallr.env \
to $settings, set HEIMDALLR_${name%:*} there and begin again"
    done
}

# A whole environment in a folder of its own, or none.
build_environment() {
    version=$(basename "$wheel" | cut -d - -f 2)
    built=$program/versions/$version-$(date -u +%Y%m%dT%H%M%S)
    mkdir -p "$program/versions"
    trap 'rm -rf "$built"; rmdir "$program/versions" "$program" 2>/dev/null || :' EXIT
    trap 'exit 1' HUP INT TERM
    say "Heimdallr $version is installed into $built; this takes some minutes."
    set -- --constraint "$source/constraints.txt" "${wheel}[s3]"
    [ -z "$wheelhouse" ] || set -- --no-index --find-links "$wheelhouse" "$@"
    "$python" -m venv "$built"
    "$built/bin/python" -m pip install --quiet --no-cache-dir --disable-pip-version-check "$@"
    "$built/bin/heimdallr" --version
}

place_files() {
    former=$program/deploy/heimdallr.env
    if [ "$kind" != packaged ]; then
        install -D -m 0644 "$source/deploy/sysusers.d/heimdallr.conf" /etc/sysusers.d/heimdallr.conf
        install -D -m 0644 "$source/deploy/tmpfiles.d/heimdallr.conf" /etc/tmpfiles.d/heimdallr.conf
    fi
    case $kind in
        container)
            install -D -m 0755 "$source/deploy/container/heimdallr" /usr/local/bin/heimdallr
            install -D -m 0644 -t "$program/deploy/container" "$source/deploy/container/web_server_ready.py"
            ;;
        services)
            install -D -m 0755 "$source/deploy/bin/heimdallr" /usr/local/bin/heimdallr
            install -D -m 0644 -t "$units" "$source"/deploy/systemd/*
            [ ! -f "$former_units/heimdallr.target" ] || leave_former_units
            if [ ! -e "$settings" ] || cmp -s "$settings" "$former"; then
                install -D -m 0640 "$source/deploy/heimdallr.env" "$settings"
            elif ! cmp -s "$source/deploy/heimdallr.env" "$former"; then
                say "$settings was changed here and stays; what is new: diff $settings $former"
            fi
            ;;
    esac
    # Nothing else of deploy/: the compose file's secrets may lie there.
    install -D -m 0755 -t "$program/deploy" "$source/deploy/install.sh"
    install -m 0644 -t "$program/deploy" "$source/deploy/heimdallr.env"
    rm -rf "$program/docs"
    cp -R "$source/docs" "$program/docs"
    systemd-sysusers heimdallr.conf
    systemd-tmpfiles --create heimdallr.conf
}

# Drop-ins, and units that were masked, are the administrator's.
leave_former_units() {
    find "$former_units" -maxdepth 1 -type f -name 'heimdallr*' -exec rm -f {} +
    for unit in "$former_units"/*.wants/heimdallr*; do
        [ ! -L "$unit" ] || ln -sfn "$units/$(basename "$unit")" "$unit"
    done
}

# From here on the new environment is what runs; the old ones go once nothing runs from them.
switch() {
    ln -sfn "versions/$(basename "$built")" "$program/.venv.new"
    mv -T "$program/.venv.new" "$program/.venv"
    trap - EXIT
    [ "$kind" = container ] || run_services
    for old in "$program"/versions/*; do
        if [ "$old" = "$built" ]; then
            continue
        elif is_in_use "$old"; then
            say "$old stays: something runs from it. Start it again; the next upgrade removes the folder."
        else
            rm -rf "$old"
        fi
    done
}

# Whether a process was started from a version; the brackets keep grep from finding itself.
is_in_use() { grep -qs "/[v]ersions/$(basename "$1")/" /proc/[0-9]*/cmdline; }

run_services() {
    if [ "$worker" = yes ]; then
        systemctl disable --quiet heimdallr.target
        systemctl enable --quiet heimdallr-processor.service
    elif [ "$upgrade" = no ]; then
        systemctl enable --quiet heimdallr.target
    fi
    if [ ! -d /run/systemd/system ]; then
        say "systemd does not run here: the services start with the machine."
        return
    fi
    systemctl daemon-reload
    # What was stopped, for a backup say, is started again by whoever stopped it.
    if [ "$worker" = yes ]; then
        systemctl stop heimdallr.target 'heimdallr-*.service'
        systemctl start heimdallr-processor.service
    elif [ "$upgrade" = yes ] && systemctl is-active --quiet heimdallr.target; then
        systemctl try-restart heimdallr.target
    elif [ "$upgrade" = yes ]; then
        systemctl try-restart 'heimdallr-*.service' # started one by one, or the worker alone
    else
        systemctl start heimdallr.target
    fi
}

install_program() {
    check_programs
    find_wheel
    check_room
    check_ports
    upgrade=no
    [ ! -L "$program/.venv" ] || upgrade=yes
    build_environment
    place_files
    switch
    say "Heimdallr $version is installed. Next: heimdallr doctor, and docs/operate.md, First sign-in."
}

uninstall() {
    if is_by_script || [ -e "$package_unit" ]; then
        [ ! -d /run/systemd/system ] || systemctl stop heimdallr.target 'heimdallr-*.service'
        systemctl disable --quiet heimdallr.target heimdallr-processor.service
    fi
    if [ "$kind" != packaged ]; then
        rm -f "$units"/heimdallr*
        [ ! -f "$former_units/heimdallr.target" ] || leave_former_units
        rm -f /etc/sysusers.d/heimdallr.conf /etc/tmpfiles.d/heimdallr.conf /usr/local/bin/heimdallr
        [ ! -d /run/systemd/system ] || systemctl daemon-reload
    fi
    rm -rf "$program/.venv" "$program/versions" "$program/deploy" "$program/docs"
    rmdir "$program" 2>/dev/null || :
    say "Heimdallr is removed. Settings ($(dirname "$settings")), patients' data ($data) and the user heimdallr stay."
}

check_privilege
check_other_way
if [ "$action" = install ]; then install_program; else uninstall; fi

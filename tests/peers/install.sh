#!/bin/sh
# Installs the pinned peers that tests/peers.rs and tests/conformance.rs talk to, into folders that git ignores.
#
#   install.sh [js] [python]      both when none is named
#
# Done before: returns at once. Safe to run several times at the same time. Exit codes: 0 all there, 77 a tool is missing (one line on
# stdout says which), 1 the installation failed (the end of its log is on stderr).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work="$here/.work"
limit=600
held=
mkdir -p "$work"

needs() {
    echo "needs $1"
    exit 77
}

fail() {
    echo "install.sh: $1; the end of $2:" >&2
    tail -n 20 "$2" >&2
    exit 1
}

# One installer at a time. The kernel gives up a flock with its process; where there is none, a folder that names its owner must do.
lock() {
    if command -v flock >/dev/null 2>&1; then
        exec 9>"$work/$1.lock"
        flock -w "$limit" 9 || fail "another installation did not end within $limit s" "$work/$1.log"
        return
    fi
    folder="$work/$1.lockdir"
    waited=0
    until mkdir "$folder" 2>/dev/null; do
        owner=$(cat "$folder/pid" 2>/dev/null || echo $$)
        if ! kill -0 "$owner" 2>/dev/null; then
            rm -rf "$folder"
            continue
        fi
        [ "$waited" -lt "$limit" ] || fail "another installation did not end within $limit s" "$work/$1.log"
        waited=$((waited + 1))
        sleep 1
    done
    echo $$ >"$folder/pid"
    held="$held $folder"
    # shellcheck disable=SC2086 # a list of folders
    trap 'rm -rf $held' EXIT
}

# Runs a command with its output in a log, for a bounded time where the system can bound it.
bounded() {
    log=$1
    shift
    if command -v timeout >/dev/null 2>&1; then
        timeout "$limit" "$@" >>"$log" 2>&1 </dev/null
    else
        "$@" >>"$log" 2>&1 </dev/null
    fi
}

install_js() {
    modules="$here/js/node_modules"
    pins=$(cat "$here/js/package.json" "$here/js/package-lock.json" | cksum)
    done_before() { [ "$(cat "$modules/.pins" 2>/dev/null)" = "$pins" ] && [ -x "$work/node" ]; }
    done_before && return

    command -v npm >/dev/null 2>&1 || needs "Node 20+ and npm"
    major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
    [ "$major" -ge 20 ] || needs "Node 20+ and npm"

    lock js
    done_before && return
    : >"$work/js.log"
    # No install scripts: Node itself comes as a package per platform, so nothing here needs one.
    (cd "$here/js" && bounded "$work/js.log" npm ci --ignore-scripts --no-audit --no-fund --fetch-timeout=60000) ||
        fail "npm ci failed" "$work/js.log"

    # The conformance runner needs Node 22, which the system may not have.
    node=
    for candidate in "$modules"/node-*/bin/node; do
        if [ -x "$candidate" ] && "$candidate" --version >/dev/null 2>&1; then node=$candidate; fi
    done
    if [ -z "$node" ]; then
        [ "$major" -ge 22 ] || needs "Node 22+, since no pinned one runs on this platform"
        node=$(command -v node)
    fi
    ln -sf "$node" "$work/node"
    echo "$pins" >"$modules/.pins"
}

install_python() {
    venv="$work/venv"
    pins=$(cksum <"$here/python/requirements.txt")
    done_before() { [ "$(cat "$venv/.pins" 2>/dev/null)" = "$pins" ] && [ -x "$venv/bin/python" ]; }
    done_before && return

    python=
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
            python=$candidate
            break
        fi
    done
    [ -n "$python" ] || needs "Python 3.10+ with venv"

    lock python
    done_before && return
    : >"$work/python.log"
    rm -rf "$venv"
    bounded "$work/python.log" "$python" -m venv "$venv" || fail "cannot make a venv" "$work/python.log"
    bounded "$work/python.log" "$venv/bin/pip" install --disable-pip-version-check --no-input -r "$here/python/requirements.txt" ||
        fail "pip install failed" "$work/python.log"
    echo "$pins" >"$venv/.pins"
}

[ $# -gt 0 ] || set -- js python
for part in "$@"; do
    case $part in
    js | python) "install_$part" ;;
    *)
        echo "usage: install.sh [js] [python]" >&2
        exit 2
        ;;
    esac
done

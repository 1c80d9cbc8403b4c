# The servers that the tests talk to. Sourced by .ci/run.
# shellcheck disable=SC2034  # it uses the addresses

POSTGRES_PID="" REDIS_PID="" POSTGRES_ADDRESS="" REDIS_ADDRESS=""

postgres_folder() { # where initdb and postgres are: Debian keeps them off the PATH
    local folder
    [ -z "${POSTGRES_BIN:-}" ] || { echo "$POSTGRES_BIN" && return; }
    for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -Vr) "$(dirname "$(command -v initdb || echo /none/x)")"; do
        [ -x "$folder/initdb" ] && echo "$folder" && return
    done
    return 1
}

install_missing() {
    local needed=()
    postgres_folder > /dev/null || needed+=(postgresql)
    command -v redis-server > /dev/null || needed+=(redis-server)
    [ -x /usr/sbin/dovecot ] || needed+=(dovecot-imapd dovecot-pop3d)
    command -v chromium > /dev/null || needed+=(chromium fonts-dejavu-core fonts-liberation)
    "${PYTHON:-python3}" -c 'import venv, ensurepip' 2> /dev/null || needed+=(python3-venv)
    if [ ${#needed[@]} = 0 ]; then
        echo "Nothing is missing."
        return
    fi
    if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
        echo "Missing: ${needed[*]}. On Debian: apt-get install ${needed[*]}"
        return 1
    fi
    install_quietly "${needed[@]}"
}

install_quietly() { # without starting the services that the packages bring
    local rule=/usr/sbin/policy-rc.d made="" status
    if [ ! -e "$rule" ]; then
        printf '#!/bin/sh\nexit 101\n' > "$rule" && chmod 755 "$rule" && made=yes
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q update > /dev/null && apt-get -qq install --no-install-recommends -y "$@" > /dev/null
    status=$?
    [ -z "$made" ] || rm -f "$rule"
    [ "$status" = 0 ] && echo "Installed: $*"
    return "$status"
}

free_port() {
    $PY -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

as_postgres() { # PostgreSQL refuses to run as root
    if [ "$(id -u)" = 0 ]; then
        runuser -u postgres -- "$@"
    else
        "$@"
    fi
}

start_postgres() {
    local bin port data=$SCRATCH/pg password
    bin=$(postgres_folder) || return 1
    port=$(free_port)
    password=$($PY -c 'import secrets; print(secrets.token_hex(16))')
    mkdir "$data" && echo "$password" > "$data.password" && chmod 600 "$data.password"
    if [ "$(id -u)" = 0 ]; then
        chown postgres "$data" "$data.password"
    fi
    as_postgres "$bin/initdb" -D "$data" -U helpdesk -A scram-sha-256 --pwfile="$data.password" \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync > "$SCRATCH/initdb.log" 2>&1 || {
        cat "$SCRATCH/initdb.log"
        return 1
    }
    # A throw-away database: what a power cut would cost is of no interest.
    as_postgres "$bin/pg_ctl" -D "$data" -l "$data/server.log" -w -t 60 start > /dev/null -o \
        "-p $port -k $data -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off -c synchronous_commit=off" || {
        cat "$data/server.log"
        return 1
    }
    POSTGRES_PID=$(head -n 1 "$data/postmaster.pid")
    POSTGRES_ADDRESS=postgres://helpdesk:$password@127.0.0.1:$port/postgres
    echo "$("$bin/postgres" --version) on port $port"
}

start_redis() {
    local port tries=100
    port=$(free_port)
    mkdir "$SCRATCH/redis"
    redis-server --bind 127.0.0.1 --port "$port" --dir "$SCRATCH/redis" --save '' --appendonly no \
        > "$SCRATCH/redis/server.log" 2>&1 &
    REDIS_PID=$!
    until [ "$(redis-cli -p "$port" ping 2> /dev/null)" = PONG ]; do
        tries=$((tries - 1))
        if [ "$tries" = 0 ] || ! kill -0 "$REDIS_PID" 2> /dev/null; then
            cat "$SCRATCH/redis/server.log"
            return 1
        fi
        sleep 0.1
    done
    REDIS_ADDRESS=redis://127.0.0.1:$port/0
    echo "$(redis-server --version | cut -d' ' -f1-3) on port $port"
}

start_services() {
    start_postgres && start_redis
}

stop_services() {
    if [ -n "$POSTGRES_PID" ]; then
        as_postgres "$(postgres_folder)/pg_ctl" -D "$SCRATCH/pg" -m immediate -w stop > /dev/null 2>&1
        POSTGRES_PID=""
    fi
    if [ -n "$REDIS_PID" ]; then
        kill -KILL "$REDIS_PID" 2> /dev/null
        wait "$REDIS_PID" 2> /dev/null
        REDIS_PID=""
    fi
}

# shellcheck shell=bash
# A PostgreSQL of our own, on a free port of loopback, in a directory that goes away with it. Sourced.

# PostgreSQL refuses root; Debian's package has made an account for it.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid=postgres --regid=postgres --clear-groups env HOME=/tmp LC_ALL=C.UTF-8 "$@"
  else
    exec env LC_ALL=C.UTF-8 "$@"
  fi
}

# Sets POSTGRES_PID and exports TEST_DATABASE_URL. DIR must be one that user postgres may enter.
start_postgres() { # DIR
  local dir=$1 bin port
  bin=$(postgres_bin)
  mkdir "$dir"
  [ "$(id -u)" != 0 ] || chown postgres:postgres "$dir"
  (as_postgres "$bin/initdb" -D "$dir/data" -U outlink --auth=trust -E UTF8 --no-sync > "$dir.log" 2>&1) ||
    { cat "$dir.log" >&2; return 1; }
  for _ in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 10000)) # below the ports that the kernel hands out by itself
    # What the tests ask is whether the SQL is right, not whether this server survives a power cut. A measurement sets
    # POSTGRES_FSYNC=on.
    (as_postgres "$bin/postgres" -D "$dir/data" -p $port -k "$dir" -c listen_addresses=127.0.0.1 \
      -c fsync="${POSTGRES_FSYNC:-off}" -c max_connections=200 >> "$dir.log" 2>&1) &
    POSTGRES_PID=$!
    for _ in {1..100}; do
      if "$bin/pg_isready" -q -h 127.0.0.1 -p $port -U outlink && kill -0 $POSTGRES_PID 2> /dev/null; then
        export TEST_DATABASE_URL=postgres://outlink@127.0.0.1:$port/postgres
        echo "PostgreSQL $("$bin/postgres" --version | cut -d' ' -f3) on port $port"
        return 0
      fi
      kill -0 $POSTGRES_PID 2> /dev/null || break # the port was taken: another one
      sleep 0.1
    done
  done
  cat "$dir.log" >&2
  return 1
}

stop_postgres() {
  [ -n "${POSTGRES_PID:-}" ] || return 0
  kill -INT "$POSTGRES_PID" 2> /dev/null || true # a fast shutdown
  wait "$POSTGRES_PID" 2> /dev/null || true
}

# shellcheck shell=bash
# What the measurements of mail have in common: a Dovecot with mailboxes in memory, an outlink with its data on disk, and
# sums. Sourced, with the repository as the working directory.

. scripts/lib/install.sh
password=bench

free_port() {
  local port
  while port=$((20000 + RANDOM % 10000)); (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do :; done
  echo $port
}

wait_for_port() { # PORT PID LOG
  for _ in {1..100}; do
    ! (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null || return 0
    kill -0 "$2" 2> /dev/null || break
    sleep 0.1
  done
  cat "$3" >&2
  return 1
}

need_tools() { # PACKAGE... : those besides
  local wanted=("$@")
  command -v python3 > /dev/null || wanted+=(python3-minimal python3)
  command -v openssl > /dev/null || wanted+=(openssl)
  [ -x /usr/lib/dovecot/imap ] || wanted+=(dovecot-core dovecot-imapd)
  [ ${#wanted[@]} = 0 ] || install_debian "${wanted[@]}"
}

# Sets $binary, $kept, $work and $mail. What is fetched lies in memory, so that no disk slows the server down; what is kept
# lies on the disk that the target directory is on, so that making it durable costs what it costs.
begin_work() {
  [ -n "${BENCH_BINARY:-}" ] || cargo build --release --locked --package outlink
  binary=$(realpath "${BENCH_BINARY:-${CARGO_TARGET_DIR:-target}/release/outlink}")
  kept=$(realpath -m "${CARGO_TARGET_DIR:-target}/bench")
  mkdir -p "$kept"
  work=$(mktemp -d "$kept/run.XXXXXX")
  mail=$(mktemp -d /dev/shm/outlink-bench.XXXXXX)
  chmod 755 "$work" "$mail"
  dovecot_pid='' serve_pid='' beside_pid=''
  trap end_work EXIT
  trap 'exit 130' INT TERM
}

end_work() {
  local pid
  for pid in $beside_pid $serve_pid $dovecot_pid; do kill "$pid" 2> /dev/null || true; done
  wait 2> /dev/null || true
  rm -rf "$work" "$mail"
}

# The messages are made once for each number of them, and kept.
make_messages() { # N
  made=$kept/messages-$1
  [ ! -e "$made/complete" ] || return 0
  rm -rf "$made"
  python3 scripts/bench.d/mail/genmail.py "$1" "$made/all" > "$work/genmail"
  mv "$work/genmail" "$made/complete"
}

start_dovecot() { # [LINE...] : further lines of its configuration
  local internal=dovecot login=dovenull group=10500 file
  owner=10500
  if [ "$(id -u)" != 0 ]; then
    internal=$(id -un) login=$(id -un) owner=$(id -u) group=$(id -g)
  fi
  mkdir -p "$mail/mail" "$mail/home"
  [ -e "$work/certs" ] || tests/rig/mkcerts "$work/certs"
  port=$(free_port)
  for file in dovecot.conf dovecot-oauth2.conf.ext; do
    sed -e "s#@DIR@#$mail#; s#@CERTS@#$work/certs#; s#@CERT@#server#; s#@PORT@#$port#; s#@PROVIDER_PORT@#1#" \
      -e "s#@MECHANISMS@#plain login#; s#@PASSWORD@#$password#; s#@INTERNAL_USER@#$internal#" \
      -e "s#@INTERNAL_GROUP@#$internal#; s#@LOGIN_USER@#$login#; s#@MAIL_UID@#$owner#; s#@MAIL_GID@#$group#" \
      "tests/rig/$file.in" > "$mail/${file#dovecot-}"
  done
  [ $# = 0 ] || printf '%s\n' "$@" >> "$mail/dovecot.conf"
  chown "$owner:$group" "$mail/mail" "$mail/home"
  dovecot -F -c "$mail/dovecot.conf" > "$work/dovecot.log" 2>&1 &
  dovecot_pid=$!
  wait_for_port "$port" $dovecot_pid "$work/dovecot.log"
}

stop_dovecot() {
  kill "$dovecot_pid"
  wait "$dovecot_pid" 2> /dev/null || true
  dovecot_pid=''
  rm -rf "${mail:?}"/*
  sliced=()
}

# A mailbox of its own for every run, since flags are set in it. Only the first is a copy; the others are links to it. The
# times of the files are the dates of arrival, and stay.
fill_mailbox() { # USER MESSAGES
  local box=$mail/mail/$1
  if [ ! -d "$mail/all" ]; then
    cp -a "$made/all" "$mail/all"
    chown -R "$owner" "$mail/all"
  fi
  mkdir -p "$box/cur" "$box/new" "$box/tmp"
  (cd "$mail/all/cur" && find . -type f | sort -V | sed -n "1,$2p" | xargs cp -l -t "$box/cur")
  chown "$owner" "$box" "$box"/*
  # Dovecot makes its index at the first look; whoever is measured finds it there, as on a server that runs.
  floor "$1" > /dev/null
}

# A mailbox with a few of the messages.
slice_mailbox() { # USER FIRST MESSAGES
  local box=$mail/mail/$1 file
  if [ ! -d "$mail/all" ]; then
    cp -a "$made/all" "$mail/all"
    chown -R "$owner" "$mail/all"
  fi
  [ -n "${sliced[*]:-}" ] || mapfile -t sliced < <(cd "$mail/all/cur" && find . -type f | sort -V)
  mkdir -p "$box/cur" "$box/new" "$box/tmp"
  for file in "${sliced[@]:$2-1:$3}"; do ln "$mail/all/cur/$file" "$box/cur/"; done
  chown "$owner" "$box" "$box"/*
}

empty_mailbox() { # USER
  rm -rf "${mail:?}/mail/$1"
}

floor() { # USER : prints messages, octets and seconds
  python3 scripts/bench.d/mail/floor.py "$port" "$work/certs/ca.crt" "$1" $password
}

median() { sort -g | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

column() { # FILE NUMBER : the median of a column
  awk -v at="$2" '{ print $at }' "$1" | median
}

calculate() { awk "BEGIN { printf \"$1\", $2 }"; }

cpu_seconds() { # PID : user and system time so far
  awk -v ticks="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) / ticks }' "/proc/$1/stat"
}

memory_mb() { # PID FIELD : VmHWM, the peak, or VmRSS, what it is now
  awk -v field="$2:" '$1 == field { printf "%.0f\n", $2 / 1024 }' "/proc/$1/status"
}

machine() {
  printf '%s, %d cores, load %s\n' "$(uname -sr)" "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)"
}

# A new store in $work/outlink, with a token of an administrator in $token.
make_store() {
  dir=$work/outlink
  http=$(free_port)
  rm -rf "$dir"
  mkdir -p "$dir"
  cat > "$dir/outlink.toml" << TOML
listen = "127.0.0.1:$http"
base_url = "http://localhost:$http"
data_dir = "data"
key_file = "key"
[tls]
extra_ca = "$work/certs/ca.crt"
[egress]
allow = ["localhost"]
[log]
level = "warn"
TOML
  printf %s $password > "$dir/password"
  token=$("$binary" token create --local --name bench --scope admin --config "$dir/outlink.toml")
}

start_outlink() {
  "$binary" serve --config "$dir/outlink.toml" > "$dir/log" 2>&1 &
  serve_pid=$!
  wait_for_port "$http" $serve_pid "$dir/log"
}

stop_outlink() {
  kill "$serve_pid"
  wait "$serve_pid" 2> /dev/null || true
  serve_pid=''
}

ask_outlink() { OUTLINK_URL=http://localhost:$http OUTLINK_TOKEN=$token "$binary" "$@" --json; }

# Paused, it is fetched from only when it is told to: the clock starts then.
set_up_mailbox() { # USER PROJECT
  {
    ask_outlink mail-server create --name bench --host localhost --port "$port" --mailbox "$1" --take all \
      --password-file "$dir/password"
    ask_outlink mail-server pause bench
    ask_outlink project list | grep -q "\"$2\"" || ask_outlink project create "$2" --name Bench
    ask_outlink handler create --name bench --mail-server bench --project "$2"
  } > "$dir/set-up"
}

# Fetches all of it; prints seconds, CPU seconds and peak memory in MB, and writes what came of it to $dir/fetched.
fetch_all() { # MESSAGES
  local begun before
  before=$(cpu_seconds "$serve_pid")
  begun=$(date +%s.%N)
  ask_outlink mail-server fetch bench > "$dir/fetched"
  calculate '%.3f ' "$(date +%s.%N) - $begun"
  calculate '%.2f ' "$(cpu_seconds "$serve_pid") - $before"
  memory_mb "$serve_pid" VmHWM
  if ! grep -q "\"fetched\":$1[,}]" <<< "$(tr -d ' \n' < "$dir/fetched")"; then
    echo "not all of the $1 messages came: $(cat "$dir/fetched")" >&2
    return 1
  fi
}

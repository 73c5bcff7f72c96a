# shellcheck shell=bash
# Many mailboxes that wait to be told of new mail: what each takes of our memory, and how long it is until all are
# connected. Sourced by mail-in.

# Processes of ours that a Dovecot needs: one for each connection, and files for both ends.
idle_dovecot() {
  local most=$((idle + 500))
  ulimit -n $((most * 4)) 2> /dev/null || ulimit -n "$(ulimit -Hn)"
  start_dovecot "default_process_limit = $most" "default_client_limit = $((most * 4))" \
    'default_vsz_limit = 0' 'service imap {' "  process_limit = $most" '}' \
    'service imap-login {' "  client_limit = $most" '  process_limit = 4' '}'
}

part_idle() {
  local user all=() begun ended before after open
  idle_dovecot
  for ((user = 0; user < idle; user++)); do
    all+=("idle$user")
    slice_mailbox "idle$user" $((user % count + 1)) 1
  done
  make_store
  start_outlink
  echo "adding $idle mail servers"
  printf '%s\n' "${all[@]}" |
    xargs -n 100000 python3 scripts/bench.d/mail/many.py create "http://localhost:$http" "$token" "$port" "$password" new
  # What it takes with all of them added and none connected, after a start.
  stop_outlink
  start_outlink
  sleep 3
  before=$(pss_kb "$serve_pid")
  stop_outlink
  python3 scripts/bench.d/mail/many.py due "$dir/data/outlink.sqlite"
  begun=$(date +%s.%N)
  start_outlink
  ended=$(python3 scripts/bench.d/mail/many.py wait-connected "$dir/data/outlink.sqlite" "$idle")
  sleep 10
  after=$(pss_kb "$serve_pid")
  open=$(find "/proc/$serve_pid/fd" -lname 'socket:*' | wc -l)
  local cpu_before cpu_after
  cpu_before=$(cpu_seconds "$serve_pid")
  sleep 30
  cpu_after=$(cpu_seconds "$serve_pid")
  printf '\n%d mailboxes that wait in IDLE (%d sockets open)\n' "$idle" "$open"
  printf 'all connected %.1f s after the start of the server\n' "$(calculate %f "$ended - $begun")"
  printf 'resident memory: %d KB before, %d KB after, %.1f KB for each mailbox\n' "$before" "$after" \
    "$(calculate %f "($after - $before) / $idle")"
  printf 'processor while nothing happens: %.2f %% of one core\n' "$(calculate %f "($cpu_after - $cpu_before) / 30 * 100")"
  stop_outlink
  stop_dovecot
}

pss_kb() { # PID : what it takes of the memory, shared pages by its share
  awk '$1 == "Pss:" { print $2 }' "/proc/$1/smaps_rollup"
}

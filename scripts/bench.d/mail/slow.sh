# shellcheck shell=bash
# Many mailboxes of which one takes its time for each answer: how long the others take, with and without it. Sourced by
# mail-in.

one_in_many() { # with|without : prints the seconds until all mailboxes but the first have been taken in
  local users=("${others[@]}") begun ended
  make_store
  start_outlink
  [ "$1" = without ] || users=("one0:$slow_port" "${others[@]}")
  python3 scripts/bench.d/mail/many.py create "http://localhost:$http" "$token" "$port" "$password" all "${users[@]}"
  # The clock starts with the server, all of them being due.
  stop_outlink
  python3 scripts/bench.d/mail/many.py due "$dir/data/outlink.sqlite"
  begun=$(date +%s.%N)
  start_outlink
  ended=$(python3 scripts/bench.d/mail/many.py wait-messages "$dir/data/outlink.sqlite" $((${#others[@]} * each)) \
    "${others[@]}")
  calculate '%.3f\n' "$ended - $begun"
  stop_outlink
}

part_slow() {
  local user run which others=() all=() slow_port begin=1
  # As many messages in each as make all of them a fifth of the whole.
  local each=$((count / 5 / mailboxes))
  [ $each -gt 0 ] || each=1
  start_dovecot
  for ((user = 0; user < mailboxes; user++)); do all+=("one$user"); done
  others=("${all[@]:1}")
  for user in "${all[@]}"; do
    slice_mailbox "$user" $begin $each
    begin=$((begin + each))
  done
  python3 scripts/bench.d/mail/slowly.py "$slow_seconds" "$port" "$work/certs/server.crt" "$work/certs/server.key" \
    "$work/certs/ca.crt" > "$work/slow.port" 2> "$work/slow.log" &
  beside_pid=$!
  for _ in {1..50}; do [ -s "$work/slow.port" ] && break; sleep 0.1; done
  slow_port=$(cat "$work/slow.port")
  for ((run = 0; run < runs; run++)); do
    for which in without with; do
      one_in_many $which >> "$work/many-$which"
      echo "  run $((run + 1)), $which the slow one: $(tail -1 "$work/many-$which") s, load $(cut -d' ' -f1 /proc/loadavg)"
    done
  done
  printf '\n%d mailboxes of %d messages, and one that takes %s s for each answer, median of %d\n' \
    ${#others[@]} $each "$slow_seconds" "$runs"
  printf 'the %d without it: %.2f s; beside it: %.2f s; ratio %.2f\n' ${#others[@]} "$(column "$work/many-without" 1)" \
    "$(column "$work/many-with" 1)" "$(calculate %f "$(column "$work/many-with" 1) / $(column "$work/many-without" 1)")"
  kill $beside_pid
  beside_pid=''
  stop_dovecot
}

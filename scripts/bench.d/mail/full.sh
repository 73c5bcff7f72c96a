# shellcheck shell=bash
# The same mailbox into a store that is full, beside one that is new. Sourced by mail-in.

part_full() {
  local run new full
  start_dovecot
  make_store
  echo "filling a store with $issues issues"
  python3 scripts/bench.d/mail/fill.py "$dir/data/outlink.sqlite" BENCH "$issues"
  mv "$dir" "$work/full"
  : > "$work/rates-new"
  : > "$work/rates-full"
  for ((run = 0; run < runs; run++)); do
    for which in new full; do
      fill_mailbox bench "$count"
      make_store
      if [ $which = full ]; then
        rm -rf "$dir/data" "$dir/key"
        cp -r "$work/full/data" "$work/full/key" "$dir"
        token=$("$binary" token create --local --name again --scope admin --config "$dir/outlink.toml")
        sync -f "$dir"
      fi
      start_outlink
      set_up_mailbox bench BENCH
      fetch_all "$count" >> "$work/rates-$which"
      stop_outlink
      empty_mailbox bench
      echo "  run $((run + 1)), $which store: $(tail -1 "$work/rates-$which") (s, CPU s, MB), load $(cut -d' ' -f1 /proc/loadavg)"
    done
  done
  new=$(column "$work/rates-new" 1)
  full=$(column "$work/rates-full" 1)
  printf '\nA store with %d issues, %s, median of %d\n' "$issues" "$(du -h "$work/full/data/outlink.sqlite" | cut -f1)" "$runs"
  printf '%-20s %8s %10s %8s %8s\n' '' seconds messages/s 'CPU ms' 'peak MB'
  for which in new full; do
    printf '%-20s %8.2f %10.0f %8.2f %8d\n' "a $which store" "$(column "$work/rates-$which" 1)" \
      "$(calculate %f "$count / $(column "$work/rates-$which" 1)")" \
      "$(calculate %f "$(column "$work/rates-$which" 2) * 1000 / $count")" "$(column "$work/rates-$which" 3)"
  done
  printf 'share of the rate that is left: %.2f\n' "$(calculate %f "$new / $full")"
  rm -rf "$work/full"
  stop_dovecot
}

# shellcheck shell=bash
# A large mailbox to committed issues and comments, beside the wire's floor, mbsync and getmail6. Sourced by mail-in.

run_mbsync() { # USER : prints seconds
  local begun
  rm -rf "$work/mbsync"
  mkdir "$work/mbsync"
  cat > "$work/mbsyncrc" << RC
IMAPStore far
Host localhost
Port $port
SSLType IMAPS
CertificateFile $work/certs/ca.crt
User $1
Pass $password
AuthMechs LOGIN

MaildirStore near
Path $work/mbsync/
Inbox $work/mbsync/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Create Near
Sync Pull
SyncState *
RC
  begun=$(date +%s.%N)
  mbsync --quiet --config "$work/mbsyncrc" all > "$work/mbsync.log" 2>&1 || { cat "$work/mbsync.log" >&2; return 1; }
  calculate '%.3f\n' "$(date +%s.%N) - $begun"
  rm -rf "$work/mbsync"
}

# It hands every message to a process of its own, and waits in vain for some of them on a machine that is busy; so it gets
# a time limit, and what it has delivered by then counts.
run_getmail() { # USER : prints messages and seconds
  local begun got as=() box=$work/getmail
  rm -rf "$box"
  mkdir -p "$box"/{cur,new,tmp}
  cat > "$box/getmailrc" << RC
[retriever]
type = SimpleIMAPSSLRetriever
server = localhost
port = $port
username = $1
password = $password
ca_certs = $work/certs/ca.crt
mailboxes = ("INBOX",)
[destination]
type = Maildir
path = $box/
[options]
read_all = True
delete = False
verbose = 0
RC
  if [ "$(id -u)" = 0 ]; then # it delivers nothing to root
    chown -R mail:mail "$box"
    chmod 644 "$work/certs/ca.crt"
    as=(setpriv --reuid=mail --regid=mail --clear-groups env HOME="$box")
  fi
  begun=$(date +%s.%N)
  timeout 120 "${as[@]}" /usr/bin/getmail --getmaildir "$box" --rcfile getmailrc > "$work/getmail.log" 2>&1 ||
    echo "  getmail did not come to its end: $(tail -1 "$work/getmail.log")" >&2
  got=$(find "$box/new" -type f | wc -l)
  printf '%d %.3f\n' "$got" "$(calculate %.3f "$(date +%s.%N) - $begun")"
  rm -rf "$box"
}

row() { # WHAT MESSAGES SECONDS CPU-SECONDS PEAK
  local cpu=- peak=${5:--}
  [ -z "${4:-}" ] || cpu=$(calculate %.2f "$4 * 1000 / $2")
  printf '%-46s %8d %8.2f %10.0f %9.2f %8s %8s\n' "$1" "$2" "$3" "$(calculate %f "$2 / $3")" \
    "$(calculate %f "$floor / $3 * $2 / $count")" "$cpu" "$peak"
}

part_fetch() {
  local run size small=$((count / 5)) few=$getmail_count floor octets
  [ "$few" -le "$count" ] || few=$count
  start_dovecot
  fill_mailbox floor "$count"
  fill_mailbox few "$few"
  for ((run = 0; run < runs; run++)); do
    floor floor >> "$work/floor"
    run_mbsync floor >> "$work/mbsync.seconds"
    for size in $small $count; do
      fill_mailbox bench "$size"
      make_store
      start_outlink
      set_up_mailbox bench BENCH
      fetch_all "$size" >> "$work/outlink-$size"
      stop_outlink
      empty_mailbox bench
    done
    echo "  run $((run + 1)): floor $(tail -1 "$work/floor" | cut -d' ' -f3) s, mbsync $(tail -1 "$work/mbsync.seconds") s," \
      "outlink $(tail -1 "$work/outlink-$count") (s, CPU s, MB), load $(cut -d' ' -f1 /proc/loadavg)"
  done
  [ "$few" = 0 ] || run_getmail few > "$work/getmail.took"

  floor=$(column "$work/floor" 3)
  octets=$(head -1 "$work/floor" | cut -d' ' -f2)
  printf '\nA mailbox of %s, median of %d\n' "$(calculate '%.0f MB' "$octets / 1e6")" "$runs"
  printf '%-46s %8s %8s %10s %9s %8s %8s\n' '' messages seconds messages/s 'of floor' 'CPU ms' 'peak MB'
  row "wire's floor: pipelined FETCH, thrown away" "$count" "$floor"
  row "$(mbsync --version | head -1), as it comes" "$count" "$(column "$work/mbsync.seconds" 1)"
  [ "$few" = 0 ] || row "$(/usr/bin/getmail --version), once" "$(column "$work/getmail.took" 1)" "$(column "$work/getmail.took" 2)"
  for size in $count $small; do
    row 'outlink: committed issues and comments' "$size" "$(column "$work/outlink-$size" 1)" \
      "$(column "$work/outlink-$size" 2)" "$(column "$work/outlink-$size" 3)"
  done
  echo "what became of the $count: $(tr -d '\n ' < "$dir/fetched")"
  stop_dovecot
}

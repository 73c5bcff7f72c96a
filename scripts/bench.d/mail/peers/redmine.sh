# shellcheck shell=bash
# A Redmine in a directory of its own, made from Debian's package, with SQLite. Sourced by peers.

export RAILS_ENV=production REDMINE_LANG=en

make_redmine() {
  redmine=$work/redmine
  local place=$redmine/instances/default
  cp -rL --preserve=mode /usr/share/redmine "$redmine" 2> /dev/null || true # the package's own instance may be closed to us
  rm -rf "$redmine/instances"
  mkdir -p "$place"/{config,files,log,tmp}
  cat > "$place/config/database.yml" << YML
production:
  adapter: sqlite3
  database: $place/redmine.sqlite
YML
  cat > "$place/config/configuration.yml" << YML
production:
  attachments_storage_path: $place/files
  email_delivery:
    delivery_method: :test
YML
  head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' > "$place/config/secret_key.txt"
  cat > "$redmine/set_up.rb" << 'RUBY'
project = Project.create!(name: 'Bench', identifier: 'bench', is_public: true)
project.trackers = Tracker.all
project.enabled_module_names = ['issue_tracking']
project.save!
RUBY
  (cd "$redmine" && rake db:migrate && rake redmine:load_default_data && bin/rails runner set_up.rb) > "$work/redmine.log" 2>&1 ||
    { cat "$work/redmine.log" >&2; return 1; }
}

# As its wiki has cron do it. Senders become users, since otherwise nothing is taken of them; nobody is told.
fetch_by_redmine() {
  (cd "$redmine" && SSL_CERT_FILE=$work/certs/ca.crt rake redmine:email:receive_imap host=localhost port="$port" ssl=1 \
    username=redmine password="$password" project=bench tracker=Bug unknown_user=create no_permission_check=1 \
    no_account_notice=1 no_notification=1)
}

count_in_redmine() { # issues, comments, files
  python3 - "$redmine/instances/default/redmine.sqlite" << 'PYTHON'
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
print(*(database.execute(f'SELECT count(*) FROM {table}').fetchone()[0] for table in ('issues', 'journals', 'attachments')))
PYTHON
}

# shellcheck shell=bash
# Installs what the tests and benchmarks need besides a Rust toolchain, and skips what is there. Sourced.
#
# From Debian: Dovecot, Postfix, PostgreSQL, openssl, a C compiler, and npm where there is none. From npm: the provider
# that the acceptance tests talk to, and the node@22 that it runs on, since Debian 12's is too old for it. The npm
# packages go into $RIG, under the target directory; the source tree stays as it is.

RIG=$(realpath -m "${CARGO_TARGET_DIR:-target}")/rig
NODE=$RIG/node_modules/node/bin/node

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Debian starts a server as soon as its package is installed. The tests start their own, so none is wanted.
install_debian() { # PACKAGE...
  local policy=/usr/sbin/policy-rc.d kept='' failed=0 service
  [ -e /etc/debian_version ] || { echo "these packages are wanted, and this is no Debian: $*" >&2; return 1; }
  if [ "$(id -u)" = 0 ]; then echo "installing from Debian, as root: $*"
  else echo "installing from Debian, by sudo: $*"; fi
  if [ -e $policy ]; then
    kept=$(mktemp -u $policy.XXXXXX)
    as_root mv $policy "$kept"
  fi
  printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin $policy
  case " $* " in *' postfix '*) # or it would set itself up as this machine's mail server
    echo 'postfix postfix/main_mailer_type select No configuration' | as_root debconf-set-selections ;;
  esac
  # A machine that has another mail server keeps it: nothing is removed for the sake of tests.
  as_root apt-get update -qq &&
    as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends --no-remove "$@" > /dev/null || failed=1
  if [ -n "$kept" ]; then as_root mv "$kept" $policy; else as_root rm $policy; fi
  if [ $failed = 0 ] && [ -d /run/systemd/system ]; then # nor at the next boot
    for service in dovecot postfix postgresql; do
      case " $*" in *" $service"*) as_root systemctl disable --quiet $service 2> /dev/null || true ;; esac
    done
  fi
  return $failed
}

postgres_bin() { # prints the directory of initdb and postgres
  find /usr/lib/postgresql/*/bin -name initdb -printf '%h\n' 2> /dev/null | sort -V | tail -1
}

install_all() {
  local wanted=()
  command -v cargo > /dev/null || { echo 'a Rust toolchain is wanted: see https://rustup.rs' >&2; return 1; }
  command -v cc > /dev/null || wanted+=(gcc libc6-dev)
  [ -s /etc/ssl/certs/ca-certificates.crt ] || wanted+=(ca-certificates)
  command -v openssl > /dev/null || wanted+=(openssl)
  [ -x /usr/lib/dovecot/imap ] || wanted+=(dovecot-core dovecot-imapd)
  [ -x /usr/lib/dovecot/pop3 ] || wanted+=(dovecot-core dovecot-pop3d)
  [ -x /usr/lib/postfix/sbin/master ] || wanted+=(postfix)
  [ -n "$(postgres_bin)" ] || wanted+=(postgresql)
  [ -x "$NODE" ] || command -v npm > /dev/null || wanted+=(npm)
  if [ ${#wanted[@]} != 0 ]; then install_debian "${wanted[@]}" || return 1; fi
  install_npm
}

install_npm() {
  if ! cmp -s tests/rig/provider/package-lock.json "$RIG/package-lock.json"; then
    echo "installing from npm into $RIG: oidc-provider and node"
    mkdir -p "$RIG"
    cp tests/rig/provider/package.json "$RIG"
    cp tests/rig/provider/package-lock.json "$RIG"
    (cd "$RIG" && npm ci --no-audit --no-fund --loglevel=error) || { rm "$RIG/package-lock.json"; return 1; }
  fi
  # With an empty environment no other node can be found: what the provider runs on is the one from npm.
  (cd "$RIG" && env -i PATH=/nonexistent "$NODE" --input-type=module \
    -e "await import('oidc-provider'); console.log('the provider runs on node', process.version)")
}

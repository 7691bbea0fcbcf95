#!/bin/sh
# Runs redis-server, or else valkey-server, with the arguments given, on data that is whole (see mend.sh) and under the accounts of users.acl.
# The passwords come from the environment and go into the ACL file as hashes, so they stand neither in a file nor among
# a process's arguments.
# The account `default`, which needs no password, is off. REDIS_DEFAULT_USER=on leaves it on, with all rights: for a
# Redis of one's own machine, and refused for one that listens beyond it.
# With --cluster-enabled yes there are the accounts of cluster.acl as well, and with SENTINEL_REDIS_PASSWORD those of
# sentinel.acl; then a replica is the account `replica` for its master.
# The ACL file is written to REDIS_ACL_FILE, by default in the temporary folder; it is made anew at every start.
set -eu
umask 077
acl=${REDIS_ACL_FILE:-/tmp/users.acl}

fail() {
  echo "redis: $1" >&2
  exit 1
}

# What Linux has, or else macOS.
if command -v sha256sum >/dev/null; then sha256() { sha256sum; }; else sha256() { shasum -a 256; }; fi

# hash NAME: the SHA-256 of the password in the variable of that name.
hash() {
  eval "password=\${$1:-}"
  [ -n "$password" ] || fail "$1 is not set; it is the password of an account (see shared-events/redis/users.acl)"
  printf %s "$password" | sha256 | cut -d ' ' -f 1
}

# Off, it has all rights even so: Redis loads its append-only file as this account, and without them it would leave out
# everything that a script wrote, saying so in its log alone (redis/redis 14541).
default_user() {
  case ${REDIS_DEFAULT_USER:-off} in
    off) echo 'user default off resetpass ~* &* +@all' ;;
    on) echo 'user default on nopass ~* &* +@all' ;;
    *) fail "REDIS_DEFAULT_USER=$REDIS_DEFAULT_USER: must be on or off" ;;
  esac
}

case "${REDIS_DEFAULT_USER:-off} $* " in
  on*' --bind 127.0.0.1 '* | off*) ;;
  on*) fail 'REDIS_DEFAULT_USER=on needs --bind 127.0.0.1, because that account needs no password' ;;
esac
folder=$(dirname "$0")
is_node=no
# Read here, where a file that cannot be read ends the script; in a pipe it would be none.
accounts=$(cat "$folder/users.acl")
of_nodes=$(cat "$folder/cluster.acl")
of_sentinels=$(cat "$folder/sentinel.acl")
all="$accounts
$of_nodes
$of_sentinels"
if [ -n "${SENTINEL_REDIS_PASSWORD:-}" ]; then
  is_node=yes
  accounts="$accounts
$of_sentinels"
fi
case "$* " in *'--cluster-enabled yes '*)
  is_node=yes
  accounts="$accounts
$of_nodes"
  ;;
esac
variables() { printf '%s\n' "$1" | sed -n 's/^user .* #//p'; }
hashes=
for variable in $(variables "$accounts"); do
  hash=$(hash "$variable")
  hashes="$hashes s/#$variable /#$hash /;"
done
default=$(default_user)
{
  echo "$default"
  printf '%s\n' "$accounts" | awk '/^#|^$/ { next } /^user/ { printf "%s%s", end, $0; end = "\n"; next } { sub(/^ */, " "); printf "%s", $0 } END { print "" }' |
    sed "$hashes"
} >"$acl"

# The folder of the data: the argument after --dir, else this one.
dir=.
before=
for argument in "$@"; do
  [ "$before" != --dir ] || dir=$argument
  before=$argument
done
sh "$(dirname "$0")/mend.sh" "$dir"

# On standard input, so that this password does not stand among the arguments either.
settings=
if [ $is_node = yes ]; then
  quoted=$(printf %s "$REPLICA_REDIS_PASSWORD" | sed 's/["\\]/\\&/g')
  settings="masteruser replica
masterauth \"$quoted\""
fi

unset password $(variables "$all")
server=redis-server
command -v $server >/dev/null || server=valkey-server
# A projection of a million users that a replay replaces is taken away beside the work, not before it.
exec $server "$@" --aclfile "$acl" --lazyfree-lazy-server-del yes - <<END
$settings
END

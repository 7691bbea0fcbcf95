#!/bin/sh
# Takes a write that was torn, such as by a power cut, off the end of the append-only file in a folder, before Redis
# loads it:
#   sh mend.sh DIR
# Redis does that itself, but leaves the beginning of a torn script in the file: the next writes would then belong to
# it, and be lost with it at the start after that (valkey-io/valkey 4342; seen with Redis 7.0). What was torn had not
# been acknowledged. A file that is damaged where whole writes follow is left as it is, and Redis is not started.
set -eu
cd "$1"
manifest=appendonlydir/appendonly.aof.manifest
[ -f $manifest ] || exit 0
command -v redis-check-aof >/dev/null || {
  echo 'redis: there is no redis-check-aof; whether the end of the append-only file is whole is not looked at' >&2
  exit 0
}

damage=$(redis-check-aof $manifest 2>&1 |
  sed -n 's/^AOF analyzed: filename=\(.*\.incr\.aof\), size=.*, ok_up_to=\([0-9]*\),.*, diff=[1-9][0-9]*$/\1 \2/p')
[ -n "$damage" ] || exit 0
file=appendonlydir/${damage% *}
good=${damage#* }
if tail -c "+$((good + 1))" "$file" | grep -q '^EXEC'; then
  echo "redis: $PWD/$file is damaged at byte $good, and whole writes follow; restore a backup" >&2
  exit 1
fi
echo "redis: a torn write is taken off the end of $file, at byte $good" >&2
echo y | redis-check-aof --fix $manifest >&2

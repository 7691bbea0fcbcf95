#!/bin/sh
# Takes a write that was torn, such as by a power cut, off the end of the append-only file in a folder, before Redis
# loads it:
#   sh mend.sh DIR
# Redis does that itself, but leaves the beginning of a torn script in the file: the next writes would then belong to
# it, and be lost with it at the start after that (valkey-io/valkey 4342; seen with Redis 7.0). What was torn had not
# been acknowledged. A file that is damaged before its end is left as it is, and Redis is not started.
set -eu
cd "$1"
manifest=appendonlydir/appendonly.aof.manifest
[ -f $manifest ] || exit 0
for check in redis-check-aof valkey-check-aof none; do
  if command -v $check >/dev/null; then break; fi
done
if [ $check = none ]; then
  echo 'redis: there is no redis-check-aof; whether the end of the append-only file is whole is not looked at' >&2
  exit 0
fi

# Whether what comes after the last whole step, on standard input, is what a tear leaves: the beginning of a script, or
# of a command. It goes by the lengths that Redis writes before each word, since a client's text may look like anything.
# No word has a command in it, though, for that takes line ends as they are, which no client can write: one that seems to
# has a length that is damaged. Zeros at the end are what some file systems leave of what they had no time to write.
is_torn() {
  od -An -v -tu1 | LC_ALL=C awk '
    BEGIN {
      for (byte = 0; byte < 256; byte++) char[byte] = byte < 32 || byte > 126 ? "." : sprintf("%c", byte)
      char[13] = "\r"
    }
    {
      for (i = 1; i <= NF; i++) {
        if ($i == 0) { zeros++; continue }
        for (; zeros > 0; zeros--) take(0)
        take($i)
      }
    }
    END { exit NR == 0 || damaged || (left > 0 && within) }

    function fail() { damaged = 1; exit }

    # words: still to come in this command; left: bytes still to come in this word, with its line end.
    function take(byte) {
      if (byte != 10 && length(line) < 40) line = line char[byte]
      if (left > 0) take_text(byte)
      else if (words > 0) take_length(byte)
      else take_count(byte)
      if (byte == 10) { before = line; line = "" }
    }
    function take_count(byte) {
      if (line !~ /^(#.*|\*[0-9]*\r?)$/) fail()
      if (byte != 10 || line ~ /^#/) return
      words = substr(line, 2) + 0
      if (words == 0 || line !~ /\r$/) fail()
      first = 1
    }
    function take_length(byte) {
      if (line !~ /^\$[0-9]*\r?$/) fail()
      if (byte != 10) return
      if (line !~ /[0-9]\r$/) fail()
      left = substr(line, 2) + 2
      word = ""
      within = 0
    }
    function take_text(byte) {
      if (left > 2) { if (length(word) < 6) word = word char[byte] }
      else if (byte != (left == 2 ? 13 : 10)) fail()
      if (byte == 10 && before ~ /^\*[0-9]+\r$/ && line ~ /^\$[0-9]+\r$/) within = 1
      left--
      if (left > 0) return
      if (first && (word == "EXEC" || word == "MULTI" && opened++)) fail()
      first = 0
      words--
    }'
}

damage=$($check $manifest 2>&1 |
  sed -n 's/^AOF analyzed: filename=\(.*\.incr\.aof\), size=.*, ok_up_to=\([0-9]*\),.*, diff=[1-9][0-9]*$/\1 \2/p')
[ -n "$damage" ] || exit 0
file=appendonlydir/${damage% *}
good=${damage#* }
if ! tail -c "+$((good + 1))" "$file" | is_torn; then
  echo "redis: $PWD/$file is damaged at byte $good, before its end; restore a backup" >&2
  exit 1
fi
echo "redis: a torn write is taken off the end of $file, at byte $good" >&2
echo y | $check --fix $manifest >&2

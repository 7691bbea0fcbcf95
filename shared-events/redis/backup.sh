#!/bin/sh
# Writes a backup of the data in a folder of Redis to standard output, as a tar archive, while Redis goes on writing:
#   sh backup.sh DIR >backup.tar
# It holds all that was in the files when it began. A manifest names the files that belong together; Redis replaces it when
# it rewrites them, so files and manifest are taken once more where the manifest has changed meanwhile.
set -eu
cd "$1"
manifest=appendonlydir/appendonly.aof.manifest
copy=$(mktemp -d backup.XXXXXX)
trap 'rm -rf "$copy"' EXIT

# Hard links, which take no time and no space.
take() {
  rm -rf "$copy/appendonlydir"
  mkdir "$copy/appendonlydir"
  cp $manifest "$copy/appendonlydir/"
  for file in appendonlydir/*.aof appendonlydir/*.rdb; do
    [ ! -e "$file" ] || ln "$file" "$copy/appendonlydir/" || return 1
  done
  cmp -s $manifest "$copy/$manifest"
}

for try in 1 2 3 4 5 last; do
  if take 2>"$copy/errors"; then break; fi
  if [ "$try" = last ]; then
    cat "$copy/errors" >&2
    echo 'backup: the files changed each time they were taken; Redis may be rewriting them' >&2
    exit 1
  fi
done
# What Redis still writes to must not grow while it is packed.
for file in "$copy"/appendonlydir/*.incr.aof; do
  cp "$file" "$file.copy"
  mv "$file.copy" "$file"
done
tar -c -f - -C "$copy" appendonlydir

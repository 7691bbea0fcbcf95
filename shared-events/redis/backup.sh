#!/bin/sh
# Writes a backup of the data in a folder of Redis to standard output, as a tar archive, while Redis goes on writing:
#   sh backup.sh DIR >backup.tar
# It holds all that was in the files when it began; where it fails, what it has written is no backup. A manifest names
# the files that belong together; Redis replaces it when it rewrites them, so files and manifest are taken once more where
# the manifest has changed meanwhile. While it runs, it takes as much of the disk as the data, as a rewrite does.
set -eu
cd "$1"
manifest=appendonlydir/appendonly.aof.manifest
copy=$(mktemp -d backup.XXXXXX)
trap 'rm -rf "$copy"' EXIT
trap 'exit 1' HUP INT TERM

# Hard links of all that the manifest names, but for what is history (h) to it and may be gone. They take no time, so that
# Redis hardly ever rewrites the files meanwhile.
take() {
  rm -rf "$copy/appendonlydir"
  mkdir "$copy/appendonlydir" || return 1
  cp $manifest "$copy/appendonlydir/" || return 1
  while read -r _ name _ _ _ type; do
    [ "$type" = h ] || ln "appendonlydir/$name" "$copy/appendonlydir/" || return 1
  done <"$copy/$manifest"
  cmp -s $manifest "$copy/$manifest"
}

for try in 1 2 3 4 5 last; do
  if take 2>"$copy/errors"; then break; fi
  if [ "$try" = last ]; then
    cat "$copy/errors" >&2
    echo 'backup: the files were not those of the manifest each time they were taken; Redis may be rewriting them' >&2
    exit 1
  fi
done
# tar wants files that stay as they are. These grow, and even one that does not is seen to change when Redis takes its own
# name of it away.
for file in "$copy"/appendonlydir/*; do
  cp "$file" "$copy/file"
  mv "$copy/file" "$file"
done
tar -c -f - -C "$copy" appendonlydir

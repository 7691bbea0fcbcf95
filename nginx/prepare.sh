#!/bin/sh
# prepare.sh DIR PREFIX…: lays out in DIR what nginx reads, with the templates filled in for each service.
# Whoever starts nginx there adds the files that nginx.conf names as different from place to place.
set -eu
source=$(cd "$(dirname "$0")" && pwd)
run=$1
shift

mkdir -p "$run/paths" "$run/operator-paths"
cp "$source"/*.conf "$run/"
ln -sfn "$source/docs" "$run/docs"
ln -sfn "$source/console" "$run/console"

services=
for prefix in "$@"; do
  for template in paths operator-paths; do
    sed "s/SERVICE/$prefix/g" "$source/templates/$template.conf" >"$run/$template/$prefix.conf"
  done
  services="$services${services:+,}\"$prefix\""
done
echo "[$services]" >"$run/services.json"

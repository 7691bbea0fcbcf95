#!/bin/sh
# Runs the gateway in Compose and keeps its upstreams equal to the containers there are: nginx itself looks a name up
# only when it starts or is reloaded, and a container that is made anew or scaled has a new address.
# Each service's own host port leads here too, past the prefixes, so that it goes on working when there are several.
set -eu
source=/etc/nginx/gateway
run=/tmp/gateway
pause=1

services() {
  sed '/^#/d; /^$/d' $source/services
}

addresses() {
  getent ahostsv4 "$1" | cut -d ' ' -f 1 | sort -u
}

# upstream PREFIX HOST PORT: the upstream and the port of the same number that leads straight to it. Fails if the
# name has no address.
upstream() {
  servers=$(addresses "$2" | sed "s/.*/  server &:$3 max_fails=1 fail_timeout=1s;/")
  [ -n "$servers" ] || return 1
  cat <<CONF
upstream $1 {
$servers
  keepalive 64;
  # Idle connections are closed from here, long before the service would (after 75 s): so none is closed while a
  # request is on its way into it.
  keepalive_timeout 1s;
}
server {
  listen $3;
  include answer-problems.conf;
  location / {
    proxy_next_upstream off;
    proxy_pass http://$1;
  }
}
CONF
}

upstreams() {
  services | while read -r prefix host port; do
    upstream "$prefix" "$host" "$port" || exit 1
  done
}

sh $source/prepare.sh $run $(services | cut -d ' ' -f 1)
# What comes from the machine itself has the address of the bridge between it and the container.
ip route | sed -n 's/^default via \([^ ]*\).*/\1 1;/p' >>$run/own-machine.conf
ln -sf /dev/stdout $run/access.log
echo 'listen 8080 default_server; set $console http://localhost:8081/;' >$run/listen.conf
echo 'listen 8081; set $console /;' >$run/listen-operator.conf
until upstreams >$run/upstreams.conf; do sleep $pause; done

nginx -e stderr -p $run -c $run/nginx.conf &
gateway=$!
trap 'kill -QUIT $gateway; wait $gateway; exit 0' TERM INT QUIT

while kill -0 $gateway 2>/dev/null; do
  sleep $pause &
  wait $!
  # While a name cannot be looked up, the addresses known so far stay.
  if upstreams >$run/upstreams.next && ! cmp -s $run/upstreams.next $run/upstreams.conf; then
    mv $run/upstreams.next $run/upstreams.conf
    kill -HUP $gateway
  fi
done
wait $gateway

#!/bin/sh
# Makes a Redis Cluster of the nodes in NODES (addresses, first the masters, then as many replicas), if there is none yet:
# each master has as many of the PARTITIONS as the others. Waits until all of it is served and every replica has
# everything. It may be ended at any moment and run again; nodes that have data are never made anew.
# The password of the account admin stands in REDISCLI_AUTH.
set -eu
set -- $NODES
masters=$(($# / 2))
deadline=$(($(date +%s) + 120))

fail() {
  echo "cluster: $1" >&2
  exit 1
}

# ask NODE COMMAND…
ask() {
  node=$1
  shift
  redis-cli --user admin -h "$node" "$@"
}

# wait_until WHAT COMMAND…: runs the command again and again until it succeeds.
wait_until() {
  what=$1
  shift
  until "$@"; do
    [ "$(date +%s)" -lt $deadline ] || fail "$what is not so after two minutes"
    sleep 1
  done
}

answers() { ask "$1" ping 2>/dev/null | grep -q PONG; }
knows_all() { ask "$1" cluster info | grep -q "cluster_known_nodes:$nodes"; }
serves_all() { ask "$1" cluster info | grep -q cluster_state:ok && knows_all "$1"; }
has_replica() { ask "$1" info replication | grep -q state=online; }
is_made() { ask "$1" cluster info | grep -q cluster_slots_assigned:16384; }
follows() { ask "$1" cluster replicate "$2" | grep -q OK; }

# The first and last slot of each row of slots of a master, given its number and the slots of the partitions.
ranges_of() {
  awk -v masters=$masters -v own="$1" -v partitions="$PARTITIONS" '
    BEGIN { for (slot = 0; slot < 16384; slot++) owner[slot] = int(slot * masters / 16384); most = int((partitions + masters - 1) / masters) }
    {
      at = owner[$1]
      if (count[at] == most) for (other = 0; other < masters; other++) if (count[other] + 0 < count[at] + 0) at = other
      owner[$1] = at
      count[at]++
    }
    END {
      for (slot = 0; slot < 16384; slot++) {
        if (owner[slot] != own) continue
        if (slot == 0 || owner[slot - 1] != own) printf "%d ", slot
        if (slot == 16383 || owner[slot + 1] != own) printf "%d ", slot
      }
    }'
}

nodes=$#
first=$1
for node; do wait_until "that $node answers" answers "$node"; done

if ! is_made "$first"; then
  slots=$(partition=0; while [ $partition -lt "$PARTITIONS" ]; do ask "$first" cluster keyslot "{$partition}"; partition=$((partition + 1)); done)
  # What an earlier try left; a node that has data refuses.
  for node; do ask "$node" cluster reset hard | grep -q OK || fail "$node has data, and is of no cluster"; done
  number=0
  for node; do
    ask "$node" cluster set-config-epoch $((number + 1)) >/dev/null
    if [ $number -lt $masters ]; then
      ask "$node" cluster addslotsrange $(echo "$slots" | ranges_of $number) >/dev/null
    fi
    [ "$node" = "$first" ] || ask "$node" cluster meet "$first" 6379 >/dev/null
    number=$((number + 1))
  done
  for node; do wait_until "that $node knows the others" knows_all "$node"; done
  number=0
  for node; do
    if [ $number -ge $masters ]; then
      eval "master=\${$((number % masters + 1))}"
      wait_until "that $node is a replica" follows "$node" "$(ask "$master" cluster myid)"
    fi
    number=$((number + 1))
  done
  number=0
  for node; do
    [ $number -ge $masters ] || wait_until "that $node has a replica" has_replica "$node"
    number=$((number + 1))
  done
fi
for node; do wait_until "that $node serves" serves_all "$node"; done
echo "cluster: $masters masters, each with a replica, and $PARTITIONS partitions"

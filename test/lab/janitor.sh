#!/bin/sh
# Removes a lab when the process that made it is gone, however it went: that process holds the other
# end of our standard input, and the kernel closes it even after SIGKILL.
#
#   janitor.sh ID DIR      prints "ready" once the lab is registered; cleans up at end of input
#
# While it lives it holds a lock on $registry/ID. A lab whose lock is free lost its janitor as well
# (the machine's other processes were killed too): the next janitor removes that one first.
set -u
registry=/run/evio-lab
id=$1
dir=$2

# Kills what runs in the lab's namespaces, then removes them and the lab's files: clean ID DIR
clean() {
  for round in 1 2 3 4 5 6; do
    pids=''
    for namespace in /run/netns/evio-"$1"-*; do
      [ -e "$namespace" ] && pids="$pids $(ip netns pids "${namespace##*/}" 2>/dev/null)"
    done
    [ -z "$(printf %s "$pids" | tr -d ' \n')" ] && break
    # Servers get a moment to put their files in order; what is deaf to that is killed.
    signal=KILL
    [ "$round" = 1 ] && signal=TERM
    # shellcheck disable=SC2086
    kill -s "$signal" $pids 2>/dev/null
    for tick in 1 2 3 4 5 6 7 8; do
      # shellcheck disable=SC2086
      kill -0 $pids 2>/dev/null || break
      sleep 0.05
    done
  done
  for namespace in /run/netns/evio-"$1"-*; do
    [ -e "$namespace" ] && ip netns del "${namespace##*/}" 2>/dev/null
  done
  case $2 in */evio-lab-*) rm -rf "$2" ;; esac
  rm -f "$registry/$1"
}

mkdir -p "$registry"
exec 8>"$registry/.lock"
flock 8
for stale in "$registry"/*; do
  [ -e "$stale" ] || continue
  exec 9<"$stale"
  if flock -n 9; then clean "${stale##*/}" "$(cat "$stale")"; fi
  exec 9<&-
done
printf '%s' "$dir" >"$registry/$id"
exec 9<"$registry/$id"
flock 9
exec 8>&-
echo ready

trap '' HUP INT TERM
while read -r _; do :; done
clean "$id" "$dir"

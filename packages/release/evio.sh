#!/bin/sh
# The evio command, by the Node that came with it. A small young generation, one thread for its
# collection and one heap for malloc: an agent makes little garbage and allocates nothing for a frame,
# and this saves 20 MB of its memory.
case $0 in
  /usr/bin/evio) programs=/usr/lib/evio ;;
  *) programs=$(dirname "$(readlink -f "$0")")/../lib/evio ;; # unpacked somewhere else
esac
export MALLOC_ARENA_MAX=1
exec "$programs/node" --max-semi-space-size=1 --v8-pool-size=1 "$programs/evio.mjs" "$@"

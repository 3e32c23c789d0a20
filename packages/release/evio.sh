#!/bin/sh
# The evio command, by the Node that came with it. A small young generation and one thread for its
# collection: an agent makes little garbage, and this saves 13 MB of its memory.
case $0 in
  /usr/bin/evio) programs=/usr/lib/evio ;;
  *) programs=$(dirname "$(readlink -f "$0")")/../lib/evio ;; # unpacked somewhere else
esac
exec "$programs/node" --max-semi-space-size=1 --v8-pool-size=1 "$programs/evio.mjs" "$@"

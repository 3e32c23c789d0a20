#!/bin/sh
# Builds the programs of this package, static, without any dependency at run time: build.sh DIRECTORY
#
#   evio-cni          the shim, which container runtimes execute
#   evio-pod-worker   makes pods' interfaces for the agent
set -eu
cd "$(dirname "$0")"
mkdir -p "$1"
build() {
  output=$1; shift
  "${CXX:-g++}" -std=c++20 -O2 -Wall -Wextra -Werror -fno-exceptions -fno-rtti -ffunction-sections -fdata-sections \
    -I. -I../../datapath/native -static -Wl,--gc-sections -s -o "$output" "$@"
}
build "$1/evio-cni" agent_call.cc frame.cc json_strings.cc main.cc pending_delete.cc shim.cc
build "$1/evio-pod-worker" pod_worker/*.cc

#!/bin/sh
# Builds the shim, static, without any dependency at run time: build.sh OUTPUT
set -eu
cd "$(dirname "$0")"
mkdir -p "$(dirname "$1")"
exec g++ -std=c++20 -O2 -Wall -Wextra -Werror -fno-exceptions -fno-rtti -ffunction-sections -fdata-sections \
  -I../../datapath/native -static -Wl,--gc-sections -s -o "$1" agent_call.cc frame.cc json_strings.cc main.cc pending_delete.cc shim.cc

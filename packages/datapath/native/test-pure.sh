#!/bin/sh
# Builds and runs the native tests that need no engine: super-frames, TURN streams, network watch. Unit
# tests run under ASan and UBSan, then each fuzz target for a few seconds. Needs clang with its
# sanitizer runtime, and libssl-dev. Tests between real kernels are skipped without root.
#
#   sh test-pure.sh [SECONDS]     for each fuzz target, default 3; 0: only unit tests
#
# A test names the sources it is built with in a line "// sources: …". Objects are kept between runs in
# node_modules/.evio, outside of the folder whose contents decide whether the addon is built anew.
set -eu
cd "$(dirname "$0")"
seconds=${1:-3}
build=$(cd ../../.. && pwd)/node_modules/.evio/native-pure
jobs=${JOBS:-$(nproc)}
flags='-std=c++20 -g -O1 -Wall -Wextra -Werror -fno-exceptions -fno-rtti -fno-omit-frame-pointer
  -fsanitize=address,undefined -fno-sanitize-recover=all'
mkdir -p "$build"

# The parts tested here, by the prefix of their files' names.
parts='packet_headers vnet_header segmenter merger superframe turn_deframer turn_stream network_state network_watch'
tests='' fuzzers=''
for part in $parts; do
  [ ! -e "test/${part}_test.cc" ] || tests="$tests test/${part}_test"
  [ ! -e "test/${part}_kernel_test.cc" ] || tests="$tests test/${part}_kernel_test"
  [ "$seconds" = 0 ] || [ ! -e "fuzz/${part}_fuzz.cc" ] || fuzzers="$fuzzers fuzz/${part}_fuzz"
done
# The sources of a test, one a line, relative to this folder.
sources_of() {
  echo "$1.cc"
  for source in $(sed -n 's|^// sources: ||p' "$1.cc"); do realpath --relative-to=. "$(dirname "$1")/$source"; done
}
object_of() { printf '%s/%s.o' "$build" "$(printf '%s' "$1" | tr / _)"; }

newest_header=$(ls -t ./*.h test/*.h fuzz/*.h | head -1)
sources=$(for test in $tests $fuzzers; do sources_of "$test"; done | sort -u)
for source in $sources; do
  object=$(object_of "$source")
  if [ "$object" -nt "$source" ] && [ "$object" -nt "$newest_header" ]; then continue; fi
  printf '%s %s\n' "$source" "$object"
done >"$build/stale"
# shellcheck disable=SC2086
xargs -r -P "$jobs" -L 1 sh -c "clang++ $(echo $flags) -fsanitize=fuzzer-no-link -c \"\$0\" -o \"\$1\" || exit 255" <"$build/stale"

for test in $tests $fuzzers; do
  kind=''
  case $test in fuzz/*) kind='-fsanitize=fuzzer' ;; esac
  program=$build/${test##*/}
  stale=''
  objects=''
  for source in $(sources_of "$test"); do
    object=$(object_of "$source")
    objects="$objects $object"
    [ "$program" -nt "$object" ] || stale=yes
  done
  # shellcheck disable=SC2086
  [ -z "$stale" ] || clang++ $flags $kind -pthread -o "$program" $objects -lssl -lcrypto
done
for test in $tests; do
  printf '# %s\n' "${test##*/}"
  "$build/${test##*/}"
done
for test in $fuzzers; do
  log=$build/${test##*/}.log
  if ! "$build/${test##*/}" -max_total_time="$seconds" -max_len=2000 \
    -artifact_prefix="$build/" >"$log" 2>&1; then
    cat "$log" >&2
    echo "test-pure: ${test##*/} failed; the input is in $build" >&2
    exit 1
  fi
  printf '# %s: %s\n' "${test##*/}" "$(tail -1 "$log")"
done

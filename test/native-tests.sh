#!/bin/sh
# All native tests of a package: every test/*_test.cc and every fuzz/*_fuzz.cc, built by clang with warnings as errors,
# AddressSanitizer and UndefinedBehaviorSanitizer, then run. A line of such a file that begins
# with "// sources:" names what it is linked with; "// sanitizer: thread" takes ThreadSanitizer instead.
#
#   sh test/native-tests.sh packages/NAME/native [WORD…]      only those whose name contains one of the words
#
# FUZZ_RUNS: inputs for each fuzz target, default 20000. Objects are kept in node_modules/.evio.
set -eu
here=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
shift
out=$root/node_modules/.evio/native-test/$(basename "$(dirname "$here")")
shared=$root/packages/datapath/native
runs=${FUZZ_RUNS:-20000}
mkdir -p "$out/fuzz"
cd "$here"

chosen() {
  [ $# -gt 1 ] || return 0
  name=$1; shift
  for word in "$@"; do case $name in *"$word"*) return 0 ;; esac; done
  return 1
}

# One rule per program and per object, so that make builds only what changed.
{
  echo "FLAGS = -std=c++20 -O1 -g -fno-omit-frame-pointer -fno-exceptions -fno-rtti -pthread -Wall -Wextra -Werror \\"
  echo "  -fno-sanitize-recover=all -I. -I$shared -I$shared/test -I$shared/fuzz -MMD -MP"
  programs=''
  objects=''
  for file in test/*_test.cc fuzz/*_fuzz.cc; do
    name=$(basename "$file" .cc)
    chosen "$name" "$@" || continue
    kind=address,undefined
    compile=fuzzer-no-link,address,undefined
    [ "${file#fuzz/}" = "$file" ] || kind=fuzzer,address,undefined
    ! grep -q '^// sanitizer: thread' "$file" || kind=thread compile=thread
    sources=$file
    for source in $(sed -n 's|^// sources:||p' "$file"); do
      sources="$sources $(realpath --relative-to=. "$(dirname "$file")/$source")"
    done
    parts=''
    for source in $sources; do
      object=$out/$(echo "$source" | tr / _).${compile%%[-,]*}.o
      parts="$parts $object"
      case " $objects " in *" $object "*) ;; *)
        objects="$objects $object"
        printf '%s: %s\n\tclang++ $(FLAGS) -fsanitize=%s -c %s -o $@\n' "$object" "$source" "$compile" "$source" ;;
      esac
    done
    programs="$programs $out/$name"
    printf '%s:%s\n\tclang++ -fsanitize=%s -pthread $^ -lssl -lcrypto -o $@\n' "$out/$name" "$parts" "$kind"
  done
  printf 'all:%s\n-include %s/*.d\n' "$programs" "$out"
} >"$out/Makefile"
make -s -j2 -f "$out/Makefile" all

failed=''
run() {
  name=$1; shift
  if "$@" >"$out/$name.log" 2>&1; then
    echo "ok      $name"
  else
    cat "$out/$name.log"
    echo "FAILED  $name"
    failed="$failed $name"
  fi
}
for file in test/*_test.cc; do
  name=$(basename "$file" .cc)
  ! chosen "$name" "$@" || run "$name" "$out/$name"
done
for file in fuzz/*_fuzz.cc; do
  name=$(basename "$file" .cc)
  ! chosen "$name" "$@" || run "$name" "$out/$name" -runs="$runs" -max_len=8192 -timeout=10 -rss_limit_mb=512 \
    -seed=1 -artifact_prefix="$out/fuzz/$name-"
done
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }

#!/bin/sh
# Sets a Debian 12 machine up for what follows: Debian packages, npm packages, the native addon, the
# CNI plugin, the page of the dashboard, the bundle. Each step is skipped when its inputs did not change,
# so that a second run takes a moment.
#
#   sh test/setup.sh [demo|test|bench|release]      default: demo (what the others need as well)
#
# Exits 1 with one line that says what is missing when something cannot be set up.
set -eu
cd "$(dirname "$0")/.."
scope=${1:-demo}
stamps=node_modules/.evio
log=$(mktemp)
policy=''
trap 'rm -f "$log" ${policy:+"$policy"}' EXIT
trap 'exit 130' INT TERM

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
# Runs a step quietly; shows what it printed only when it fails.
quietly() {
  what=$1; shift
  "$@" >"$log" 2>&1 || { cat "$log" >&2; fail "$what failed (its output is above)"; }
}
# Whether the inputs of a step are those of its last success: unchanged STAMP HASH
unchanged() { [ "$(cat "$stamps/$1" 2>/dev/null)" = "$2" ]; }
done_with() { mkdir -p "$stamps"; printf '%s' "$2" >"$stamps/$1"; }
hash_of() { find "$@" -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-32; }

packages='build-essential python3 openssl ca-certificates iproute2 nftables iputils-ping procps
  prosody lua-sec coturn iperf3 conntrack'
# To build for the other of the two architectures that are released for.
cross='g++-aarch64-linux-gnu binutils-aarch64-linux-gnu'
[ "$(uname -m)" = x86_64 ] || cross='g++-x86-64-linux-gnu binutils-x86-64-linux-gnu'
case $scope in
  demo) ;;
  test) packages="$packages clang libclang-rt-14-dev libssl-dev ejabberd tshark iputils-arping systemd ethtool
    containerd runc podman buildah containernetworking-plugins busybox-static iptables
    golang-go golang-github-appc-cni-dev
    $cross lintian debootstrap systemd-container qemu-user-static
    prometheus fish zsh groff-base chromium" ;;
  bench) packages="$packages ethtool wireguard-tools tinc n2n openvpn" ;;
  release) packages="$packages $cross buildah" ;;
  *) fail "unknown scope '$scope': expected demo, test, bench or release" ;;
esac

missing=''
for package in $packages; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
    missing="$missing $package"
done
if [ -n "$missing" ]; then
  [ "$(id -u)" = 0 ] || fail "these Debian packages are missing and only root can install them:$missing"
  say "installing Debian packages:$missing"
  # Servers must not start by themselves: ours are started by our own scripts.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
  fi
  export DEBIAN_FRONTEND=noninteractive
  quietly 'apt-get update' apt-get update -qq
  # shellcheck disable=SC2086
  quietly 'apt-get install' apt-get install -y -qq --no-install-recommends $missing
  # Nor at the next boot, where they would take the ports.
  for service in prosody coturn ejabberd tinc n2n openvpn containerd prometheus; do
    case "$missing " in
      *" $service "*) systemctl disable "$service" >/dev/null 2>&1 || true ;; # fails without systemd
    esac
  done
fi

wanted=$(cat package.json packages/*/package.json package-lock.json | sha256sum | cut -c1-32)
if ! unchanged npm "$wanted"; then
  say 'installing npm packages'
  quietly 'npm install' npm install --no-save --no-audit --no-fund --loglevel=error
  done_with npm "$wanted"
fi

PATH=$PWD/node_modules/.bin:$PATH
native=packages/datapath
wanted=$(hash_of "$native/native" "$native/binding.gyp" node_modules/node/package.json)
if [ -e "$native/binding.gyp" ] && { ! unchanged addon "$wanted" || [ ! -e "$native/build/Release/datapath.node" ]; }; then
  say 'building the datapath addon'
  # The headers of the very Node that will load it, its OpenSSL included, come with its npm package.
  headers=$(cd "$native" && node -p 'path.dirname(require.resolve(`node-linux-${process.arch}/package.json`))')
  quietly 'building the addon' node-gyp configure build --silent --directory "$native" --nodedir="$headers"
  done_with addon "$wanted"
fi

cni=packages/cni
wanted=$(hash_of "$cni/native" "$native/native/file_descriptor.h")
if ! unchanged cni "$wanted" || [ ! -x "$cni/dist/evio-pod-worker" ]; then
  say 'building the CNI plugin'
  quietly 'building the CNI plugin' sh "$cni/native/build.sh" "$PWD/$cni/dist"
  done_with cni "$wanted"
fi

page=packages/dashboard
wanted=$(hash_of "$page/src" "$page/index.html" "$page/vite.config.ts" "$page/package.json" \
  packages/agent/src/metrics/counter-families.ts)
if ! unchanged page "$wanted" || [ ! -e "$page/dist/index.html" ]; then
  say 'building the dashboard'
  quietly 'building the dashboard' vite build "$page"
  rm -rf packages/cli/dist/dashboard
  done_with page "$wanted"
fi

wanted=$(hash_of packages/*/src packages/*/package.json test/bundle.ts)
if ! unchanged bundle "$wanted" || [ ! -e packages/cli/dist/evio.mjs ]; then
  quietly 'bundling the agent' node test/bundle.ts
  done_with bundle "$wanted"
fi
# The agent looks for its page beside its bundle, which is made into an empty directory.
[ -e packages/cli/dist/dashboard ] || cp -R "$page/dist" packages/cli/dist/dashboard

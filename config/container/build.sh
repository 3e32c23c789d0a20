#!/bin/sh
# Builds the container image of the agent with buildah, from what this machine has: the bundle, its Node, and
# the programs of iproute2, nftables and util-linux that the agent runs, each with the libraries that it
# needs. After `npm run build`, as root:
#
#   sh config/container/build.sh [NAME]      default: localhost/evio:VERSION
set -eu
cd "$(dirname "$0")/../.."
name=${1:-localhost/evio:$(sed -n 's/.*"version": "\(.*\)".*/\1/p' package.json)}
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
root=$stage/root
mkdir -p "$root/usr/bin" "$root/usr/lib/evio" "$root/etc/evio" "$root/tmp" "$root/run" "$root/var/lib/evio"
for directory in bin sbin lib lib64; do
  mkdir -p "$root/usr/$directory"
  ln -s "usr/$directory" "$root/$directory"
done

# A program or library, with all that it is linked to: copy SOURCE TARGET
copy() {
  cp -L "$1" "$root$2"
  ldd "$1" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$root/$(dirname "$library")"
    [ -e "$root$library" ] || cp -L "$library" "$root$library"
  done
}
for program in sh cat cp mkdir chmod ip tc nft nsenter; do
  copy "$(command -v "$program")" "/usr/bin/$program"
done
copy node_modules/node/bin/node /usr/lib/evio/node
copy packages/datapath/build/Release/datapath.node /usr/lib/evio/datapath.node
for program in evio-cni evio-pod-worker; do
  copy "packages/cni/dist/$program" "/usr/lib/evio/$program"
done
cp packages/cli/dist/*.mjs "$root/usr/lib/evio/"
for library in /etc/ssl/certs/ca-certificates.crt; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
cat >"$root/usr/bin/evio" <<'EOF'
#!/bin/sh
exec /usr/lib/evio/node --max-semi-space-size=1 /usr/lib/evio/evio.mjs "$@"
EOF
chmod 755 "$root/usr/bin/evio"

cp config/container/Containerfile "$stage/"
buildah bud --isolation chroot --storage-driver "${STORAGE_DRIVER:-overlay}" --tag "$name" "$stage" >&2
echo "$name"

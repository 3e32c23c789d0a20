#!/bin/sh
# Builds the container image of the agent with buildah, from a staged tree (packages/release/src/stage.ts) and, of this
# machine, the programs of iproute2, nftables and util-linux that the agent runs, each with the libraries
# that it needs. After `npm run build`, as root:
#
#   sh config/container/build.sh [NAME [TREE]]      default: localhost/evio:VERSION, and a tree made now
#
# With SOURCE_DATE_EPOCH every time in the image is that one.
set -eu
cd "$(dirname "$0")/../.."
name=${1:-localhost/evio:$(sed -n 's/.*"version": "\(.*\)".*/\1/p' package.json)}
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
tree=${2:-$stage/tree}
[ -e "$tree" ] || node_modules/.bin/node packages/release/src/stage-here.ts "$tree"

root=$stage/root
mkdir -p "$root/usr/bin" "$root/usr/share/doc/evio" "$root/etc/evio" "$root/tmp" "$root/run" "$root/var/lib/evio"
for directory in bin sbin lib lib64; do
  mkdir -p "$root/usr/$directory"
  ln -s "usr/$directory" "$root/$directory"
done
cp -a "$tree/usr/bin/evio" "$root/usr/bin/"
cp -a "$tree/usr/lib/evio" "$root/usr/lib/"
cp -a "$tree/usr/share/doc/evio/copyright" "$root/usr/share/doc/evio/"

# The libraries that a program or library is linked to: libraries FILE
libraries() {
  ldd "$1" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$root/$(dirname "$library")"
    [ -e "$root$library" ] || cp -L "$library" "$root$library"
  done
}
for program in sh cat cp mkdir chmod ip tc nft nsenter dirname readlink; do
  file=$(command -v "$program")
  cp -L "$file" "$root/usr/bin/$program"
  libraries "$file"
done
for file in "$root"/usr/lib/evio/node "$root"/usr/lib/evio/datapath.node; do
  libraries "$file"
done
certificates=/etc/ssl/certs/ca-certificates.crt
mkdir -p "$root/etc/ssl/certs"
cp -L "$certificates" "$root$certificates"

cp config/container/Containerfile "$stage/"
buildah bud --isolation chroot --storage-driver "${STORAGE_DRIVER:-overlay}" \
  ${SOURCE_DATE_EPOCH:+--timestamp "$SOURCE_DATE_EPOCH"} --tag "$name" "$stage" >&2
echo "$name"

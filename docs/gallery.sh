#!/usr/bin/env bash
# Makes the pictures of docs/gallery.md: the script runs the commands of that page, in their order.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --locked --quiet
PATH="$PWD/target/release:$PATH"
export NANOBRAGG_DEVICE=cpu
images="$PWD/docs/images/gallery"
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
cp golden/1aki.pdb golden/liquid.stol "$folder"
commands=$(grep '^    nanobragg ' docs/gallery.md)
cd "$folder"
bash -euo pipefail -x <<<"$commands"
mkdir -p "$images"
cp ./*.png "$images"

#!/usr/bin/env bash
# Installs NVRTC 11.8 from Debian's non-free section, as root, if it is not there: it compiles the kernels, and
# needs no GPU. The system's lists of sources are left as they are.
set -euo pipefail

ldconfig -p | grep -q 'libnvrtc\.so\.11\.2' && exit 0
packages=(libnvrtc11.2 libnvrtc-builtins11.8)
install() { apt-get "$@" install -qq -y --no-install-recommends "${packages[@]}" >/dev/null; }

install 2>/dev/null && exit 0
sources=$(mktemp --suffix=.sources)
trap 'rm -f "$sources"' EXIT
sed -E '/^Components:/ { /non-free( |$)/! s/$/ contrib non-free/ }' \
  /etc/apt/sources.list.d/debian.sources >"$sources"
own=(-o "Dir::Etc::sourcelist=$sources" -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0)
apt-get "${own[@]}" update -qq
install "${own[@]}"

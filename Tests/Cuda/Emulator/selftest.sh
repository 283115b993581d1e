#!/usr/bin/env bash
# Tests of the emulator itself: selftest.sh PRELUDE.cu [OUT_DIR [RECORDING]]; fails when one fails. With RECORDING
# also records the launches of the right samples there.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${2:-$(mktemp -d)}
mkdir -p "$out"
cat "$1" "$here/samples.cu" > "$out/samples.cu"
bash "$here/build.sh" "$out/samples.cu" "$out"
g++ -std=c++17 -O1 -Wall -Wextra -o "$out/selftest" "$here/selftest.cpp" \
  -L"$out" -l:libcublasLt.so.12 -l:libcuda.so.1 -Wl,-rpath,"$out"
timeout 120 "$out/selftest"
[ -z "${3:-}" ] || timeout 120 "$out/selftest" "$3"

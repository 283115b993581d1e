#!/usr/bin/env bash
# Compiles kernels for the CPU: build.sh SOURCE.cu OUT_DIR [--sanitize=thread]
# makes OUT_DIR/libcuda.so.1 and OUT_DIR/libcublasLt.so.12; for the race check also OUT_DIR/racecheck.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source_file=$(realpath "$1")
mkdir -p "$2"
out=$(cd "$2" && pwd)
race=""
[ "${3:-}" = --sanitize=thread ] && race=yes
objects=$(mktemp -d "$out/objects.XXXXXX")
trap 'rm -rf "$objects"' EXIT

# The list of kernels: KERNEL(name) and KERNEL_BOUNDED(name, …) outside of comments and macros.
grep -vE '^[[:space:]]*(#|//)' "$source_file" \
  | grep -oE '\bKERNEL(_BOUNDED)?\([[:space:]]*[A-Za-z_][A-Za-z0-9_]*' \
  | sed -E 's/.*\([[:space:]]*(.*)/CC_REGISTER(\1)/' > "$objects/kernels.inc" || true

common=(-std=c++17 -fPIC -fvisibility=hidden -ffp-contract=off -march=x86-64-v3 -mtls-dialect=gnu2 -Wall -Wextra -I"$here")
instrument=()
runtime=(-O2)
[ "$race" ] && common+=(-g -DCPU_CUDA_RACECHECK) && instrument=(-O1 -fsanitize=thread)

compile() { # SOURCE OBJECT FLAGS…
  g++ "${common[@]}" "${@:3}" -c -o "$objects/$2" "$here/$1"
}

# The kernels are the largest part: they get one core, everything else the other.
compile kernels.cpp kernels.o -O2 "${instrument[@]}" -Wno-unused -Wno-unknown-pragmas -Wno-narrowing \
  -DCUDA_SOURCE="\"$source_file\"" -DCUDA_REGISTRY="\"$objects/kernels.inc\"" &
kernels=$!
for part in machine warp_matrices memory settings recorder streams driver; do
  compile $part.cpp $part.o "${runtime[@]}"
done
compile shared_edges.cpp begin.o "${runtime[@]}" -DEDGE=ccSharedBegin
compile shared_edges.cpp end.o "${runtime[@]}" -DEDGE=ccSharedEnd
compile cublaslt.cpp cublaslt.o -O3 -march=native -ffp-contract=fast
wait $kernels

link=(g++ -shared -pthread)
[ "$race" ] && link+=(-fsanitize=thread)
(cd "$objects" && "${link[@]}" -Wl,-soname,libcuda.so.1 -o "$out/libcuda.so.1" begin.o kernels.o end.o \
  machine.o warp_matrices.o memory.o settings.o recorder.o streams.o driver.o)
"${link[@]}" -Wl,-soname,libcublasLt.so.12 -Wl,-rpath,'$ORIGIN' -o "$out/libcublasLt.so.12" \
  "$objects/cublaslt.o" "$out/libcuda.so.1"

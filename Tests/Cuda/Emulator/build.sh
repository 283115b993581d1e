#!/usr/bin/env bash
# Compiles kernels for the CPU:
#   build.sh SOURCE.cu OUT_DIR [--sanitize=thread] [--only=FILE.cu] [--runtime=DIR]
# makes OUT_DIR/libcuda.so.1, OUT_DIR/libcublasLt.so.12 and OUT_DIR/replay.
#
#   --sanitize=thread  for the race check (racecheck.sh)
#   --only=FILE.cu     of the kernels of SOURCE.cu those that FILE.cu has, too
#   --runtime=DIR      an earlier OUT_DIR, made with the same --sanitize, whose machine is taken
#                      instead of being compiled
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source_file=$(realpath "$1")
mkdir -p "$2"
out=$(cd "$2" && pwd)
race="" names_from=$source_file runtime=$out/runtime
for option in "${@:3}"; do
  case $option in
    --sanitize=thread) race=yes ;;
    --only=*) names_from=${option#--only=} ;;
    --runtime=*) runtime=${option#--runtime=}/runtime ;;
    *) echo "build.sh: what is $option?" >&2 && exit 2 ;;
  esac
done

mkdir -p "$out/runtime"
# The list of kernels: KERNEL(name) and KERNEL_BOUNDED(name, …) outside of comments and macros.
grep -vE '^[[:space:]]*(#|//)' "$names_from" \
  | grep -oE '\bKERNEL(_BOUNDED)?\([[:space:]]*[A-Za-z_][A-Za-z0-9_]*' \
  | sed -E 's/.*\([[:space:]]*(.*)/CC_REGISTER(\1)/' > "$out/kernels.inc" || true

# TLS descriptors: the kernels' shared memory is too large for what a process sets aside for
# libraries that it loads late.
common=(-std=c++17 -fPIC -fvisibility=hidden -mtls-dialect=gnu2 -ffp-contract=off -march=x86-64-v3
  -Wall -Wextra -I"$here")
instrument=()
if [ "$race" ]; then
  common+=(-g -DCPU_CUDA_RACECHECK)
  instrument=(-O1 -fsanitize=thread -Wno-tsan)
else
  # Mistakes that a device answers with a fault, or with other numbers than this machine; see checks.cpp.
  instrument=(-O2 -fno-sanitize-recover=all -fsanitize=alignment,bounds,shift-exponent
    -fsanitize=integer-divide-by-zero,float-cast-overflow)
fi

compile() { # SOURCE OBJECT FLAGS…
  g++ "${common[@]}" "${@:3}" -c -o "$2" "$here/$1"
}

# The kernels are the largest part: they get one core, everything else the other.
compile kernels.cpp "$out/kernels.o" "${instrument[@]}" -Wno-unused -Wno-unknown-pragmas -Wno-narrowing \
  -DCUDA_SOURCE="\"$source_file\"" -DCUDA_REGISTRY="\"$out/kernels.inc\"" &
kernels=$!
parts=(machine worker pool collectives faults checks warp_matrices memory settings recorder streams
  driver driver_devices driver_kernels driver_memory driver_streams driver_errors)
if [ "$runtime" = "$out/runtime" ]; then
  for part in "${parts[@]}"; do
    compile $part.cpp "$runtime/$part.o" -O2
  done
  compile shared_edges.cpp "$runtime/begin.o" -O2 -DEDGE=ccSharedBegin
  compile shared_edges.cpp "$runtime/end.o" -O2 -DEDGE=ccSharedEnd
  compile cublaslt.cpp "$runtime/cublaslt.o" -O2
  compile product.cpp "$runtime/product.o" -O3 -march=native -ffp-contract=fast
  compile replay.cpp "$runtime/replay.o" -O1 -fPIE
fi
wait $kernels

objects=("${parts[@]/#/$runtime/}")
objects=("${objects[@]/%/.o}")
link=(g++ -pthread)
[ "$race" ] && link+=(-fsanitize=thread)
"${link[@]}" -shared -Wl,-soname,libcuda.so.1 -o "$out/libcuda.so.1" "$runtime/begin.o" "$out/kernels.o" \
  "$runtime/end.o" "${objects[@]}"
"${link[@]}" -shared -Wl,-soname,libcublasLt.so.12 -Wl,-rpath,'$ORIGIN' -o "$out/libcublasLt.so.12" \
  "$runtime/cublaslt.o" "$runtime/product.o" "$out/libcuda.so.1"
"${link[@]}" -o "$out/replay" "$runtime/replay.o" "$out/libcublasLt.so.12" "$out/libcuda.so.1" \
  -Wl,-rpath,'$ORIGIN'
rm "$out/kernels.o"

#!/usr/bin/env bash
# gpu-bench.sh FOLDER [ARGUMENT…]: the GPU benchmark, its figures in FOLDER/gpu-bench.json; publishes the program if it is not there.
set -euo pipefail
folder=${1:?a folder for gpu-bench.json} root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
[[ -x $root/artifacts/synthsae ]] || "$root/synthsae" publish
mkdir -p "$folder" && "$root/artifacts/synthsae" gpu bench --torch --json "${@:2}" >"$folder/gpu-bench.json"

#!/usr/bin/env bash
# gpu-check.sh FOLDER [ARGUMENT…]: the GPU suite, its output in FOLDER/gpu-check.log; publishes the program if it is not there.
set -euo pipefail
folder=${1:?a folder for gpu-check.log} root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
[[ -x $root/artifacts/synthsae ]] || "$root/synthsae" publish
mkdir -p "$folder" && "$root/artifacts/synthsae" gpu check "${@:2}" 2>&1 | tee "$folder/gpu-check.log"

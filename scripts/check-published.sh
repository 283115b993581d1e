#!/usr/bin/env bash
# Publishes the program and tries the one file by itself, in an empty environment. The file may have at most 20 MB.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

./synthsae publish
size=$(stat -c %s artifacts/synthsae)
if ((size > 20000000)); then
  echo "artifacts/synthsae has $size bytes, and 20 MB are allowed"
  exit 1
fi

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp artifacts/synthsae "$place"
cd "$place"

try() {
  if ! env -i HOME="$place" SYNTHSAE_SUPERVISOR_IDLE=0 ./synthsae "$@" >out 2>err; then
    echo "synthsae $* failed:"
    cat out err
    exit 1
  fi
}

try doctor
try doctor --json
try run tiny --out run
try eval run
try inspect run

# A killed run goes on: its state is read and written by code that trimming could break.
env -i HOME="$place" ./synthsae run tiny --samples 1M --checkpoint-every 10 --out killed >out 2>err &
for ((i = 0; i < 600; i++)); do
  compgen -G 'killed/checkpoints/*' >/dev/null && break
  sleep 0.05
done
kill -KILL $!
wait $! 2>/dev/null || true
try show killed
try run --resume killed
try ls --runs .
try show run
try compare run killed
try logs run
try tag run checked

# The file starts itself for runs in the background.
try start tiny --runs background --cache none
for ((i = 0; i < 600; i++)); do
  try ls state:finished --runs background --json
  grep -q '"status": "finished"' out && break
  sleep 0.1
done
grep -q '"status": "finished"' out || { echo "a run in the background did not finish"; cat background/*/work.log; exit 1; }

#!/usr/bin/env bash
# How long it takes to list many runs: without the index (cold), with it (warm), and with some runs
# changed since. usage: scripts/bench-ls.sh [RUNS] [FOLDER]; the folder is made, and removed again
# unless it was given. SYNTHSAE names the program to measure, ./synthsae if not said otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."
count=${1:-10000}
folder=${2:-$(mktemp -d)}
read -ra program <<< "${SYNTHSAE:-./synthsae}"
[ $# -ge 2 ] || trap 'rm -rf "$folder"' EXIT
runs=$folder/runs

# One real run, and copies of it under names of their own.
if [ ! -d "$runs" ]; then
  mkdir -p "$runs"
  "${program[@]}" run tiny --samples 16k --eval-samples 1k --quiet --cache none \
    --out "$runs/20260101-000000-tiny" > "$folder/first.txt"
  rm -rf "$runs/20260101-000000-tiny/sae" "$runs/20260101-000000-tiny"/*.csv \
    "$runs/20260101-000000-tiny/recovery.json"
  seq 1 $((count - 1)) \
    | awk '{ printf "%s/%08d-%06d-tiny\n", dir, 20260101 + int($1 / 5000), $1 % 5000 + 1 }' \
      dir="$runs" \
    | xargs -P 2 -I{} cp -r "$runs/20260101-000000-tiny" {}
  sleep 4 # what has just changed is not kept in the index
fi

measure() {
  local best=
  for _ in 1 2 3; do
    [ "$1" != cold ] || rm -f "$runs/.index"
    local begin end
    begin=$(date +%s%N)
    "${program[@]}" ls --runs "$runs" "${@:3}" > "$folder/out.txt" 2> "$folder/err.txt"
    end=$(date +%s%N)
    local took=$(((end - begin) / 1000000))
    [ -n "$best" ] && [ "$best" -le "$took" ] || best=$took
  done
  printf '%-34s %6d ms\n' "$2" "$best"
}

"${program[@]}" --version > "$folder/out.txt" # built, and in memory
begin=$(date +%s%N)
"${program[@]}" --version > "$folder/out.txt"
printf '%-34s %6d ms\n' "the program alone" $((($(date +%s%N) - begin) / 1000000))
measure cold "$count runs, no index" --limit 20
measure warm "$count runs, index" --limit 20
measure warm "$count runs, index, all as JSON" --json
find "$runs" -mindepth 1 -maxdepth 1 -type d | sed -n 1,100p | xargs touch
measure warm "the same, 100 just changed" --limit 20
printf '%-34s %6d KiB\n' "size of the index" $(($(stat -c %s "$runs/.index") / 1024))

#!/usr/bin/env bash
# Stops the cluster that scripts/slurm-up.sh DIR has started, and its jobs.
#
#   scripts/slurm-down.sh DIR
set -uo pipefail

(($# == 1)) || { echo "scripts/slurm-down.sh DIR" >&2; exit 2; }
PATH=$PATH:/usr/sbin:/sbin
dir=$(realpath -m -- "$1")
export SLURM_CONF=$dir/slurm.conf
# Without its configuration every client would look for it for a minute.
[[ -e $SLURM_CONF ]] || { echo "slurm-down.sh: there is no $SLURM_CONF" >&2; exit 1; }

timeout 10 scancel --user="$(id -un)" 2>/dev/null
timeout 10 scontrol shutdown 2>/dev/null
daemons=("$dir/slurmctld.pid" "$dir/slurmd.pid")
alive() {
  local file
  for file in "${daemons[@]}"; do
    [[ -s $file ]] && kill -0 "$(<"$file")" 2>/dev/null && return
  done
  return 1
}

for ((tenth = 0; tenth < 50; tenth++)); do
  alive || break
  sleep 0.1
done
for file in "${daemons[@]}"; do
  [[ -s $file ]] && kill -9 "$(<"$file")" 2>/dev/null
done
[[ ! -S $dir/munge/sock ]] || timeout 10 munged --stop --socket="$dir/munge/sock" 2>/dev/null
! alive

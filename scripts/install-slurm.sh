#!/usr/bin/env bash
# Installs Debian's Slurm and its MUNGE, as root, if they are not there, for the tests of sweeps on a cluster.
# Nothing is started, and no accounting database is installed.
set -euo pipefail

PATH=$PATH:/usr/sbin:/sbin
has() { command -v "$1" >/dev/null; }
missing=()
has slurmctld && has slurmd && has sbatch || missing+=(slurm-wlm)
has munged || missing+=(munge)
((${#missing[@]})) || exit 0

refuse() {
  echo "Slurm cannot be installed here: $1" >&2
  exit 1
}

has apt-get || refuse "there is no apt-get; install slurmctld, slurmd, sbatch and munged by hand"
((EUID == 0)) || refuse "that needs root"
install() {
  DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
}

install 2>/dev/null && exit 0
apt-get update -qq || refuse "the lists of packages cannot be fetched"
install || refuse "apt-get does not install ${missing[*]}"

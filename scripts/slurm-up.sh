#!/usr/bin/env bash
# Starts a private Slurm cluster of one node, for tests: as root or as any user, several beside each other.
#
#   scripts/slurm-up.sh DIR [PORT]      all that belongs to it lies in DIR; it listens on PORT and PORT+1 of
#                                       the loopback; returns when the node takes jobs, a second later
#   export SLURM_CONF=DIR/slurm.conf    what sbatch, squeue and the like need to find it
#   scripts/slurm-down.sh DIR           stop it
#
# CPUS (2) and GPUS (0) in the environment: what the node says it has, whether or not it is there.
# Partitions: main, and hi, whose jobs take the place of main's jobs, which are warned and queued again.
set -euo pipefail

(($# == 1 || $# == 2)) || { sed -n '2,/^set/{/^#/p}' "$0" | cut -c3- >&2; exit 2; }
PATH=$PATH:/usr/sbin:/sbin
dir=$(realpath -m -- "$1")
port=${2:-16817}
cpus=${CPUS:-2}
gpus=${GPUS:-0}
user=$(id -un)
export SLURM_CONF=$dir/slurm.conf

umask 022
mkdir -p "$dir"/{state,spool,log}
mkdir -p -m 0711 "$dir/munge"
(umask 077 && head -c 128 /dev/urandom >"$dir/munge/key")

memory=$(awk '/^MemTotal:/ { print int($2 / 1024 * 0.9) }' /proc/meminfo)
node="NodeName=n0 NodeAddr=127.0.0.1 NodeHostname=$(hostname -s) State=UNKNOWN RealMemory=$memory"
node+=" CPUs=$cpus Boards=1 SocketsPerBoard=1 CoresPerSocket=$cpus ThreadsPerCore=1"
types=
if ((gpus > 0)); then
  # Only devices give their jobs CUDA_VISIBLE_DEVICES: links to /dev/null pass for GPUs.
  for ((gpu = 0; gpu < gpus; gpu++)); do ln -sfn /dev/null "$dir/gpu$gpu"; done
  printf '%s\n' "AutoDetect=off" \
    "NodeName=n0 Name=gpu Flags=nvidia_gpu_env File=$dir/gpu[0-$((gpus - 1))]" >"$dir/gres.conf"
  types="GresTypes=gpu"
  node+=" Gres=gpu:$gpus"
fi

# Worth knowing: a job that was queued again is held back for cred_expire seconds, 5 at least and 120 if not
# given; pgid also ends what a job has left behind, without control groups; config_overrides lets the node have
# more processors than the machine; preempt_send_user_signal warns jobs before they have to go.
cat >"$dir/slurm.conf" <<CONF
ClusterName=tests
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$dir/munge/sock,cred_expire=5
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.log
MailProg=/bin/true
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0
SlurmctldParameters=preempt_send_user_signal
SlurmdParameters=config_overrides
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
MinJobAge=300
KillWait=5
CompleteWait=0
InactiveLimit=0
$types
$node
PartitionName=main Nodes=n0 Default=YES State=UP MaxTime=INFINITE PriorityTier=1 GraceTime=10
PartitionName=hi Nodes=n0 State=UP MaxTime=INFINITE PriorityTier=10 PreemptMode=OFF
CONF

fail() {
  echo "slurm-up.sh: $1; see the logs in $dir/log" >&2
  "$(dirname -- "${BASH_SOURCE[0]}")/slurm-down.sh" "$dir" >/dev/null 2>&1 || true
  exit 1
}

# --force: the folders belong to whoever runs the tests, not to root or munge.
munged --force --num-threads=1 --key-file="$dir/munge/key" --socket="$dir/munge/sock" \
  --pid-file="$dir/munge/pid" --log-file="$dir/log/munged.log" --seed-file="$dir/munge/seed" \
  </dev/null >/dev/null 2>&1 || fail "munged does not start"
slurmctld -i -c </dev/null >/dev/null 2>&1 || fail "slurmctld does not start"
slurmd -c -N n0 </dev/null >/dev/null 2>&1 || fail "slurmd does not start"
for ((tenth = 0; tenth < 100; tenth++)); do
  [[ $(timeout 5 sinfo -h -p main -o %T 2>/dev/null) == idle ]] && exit 0
  sleep 0.1
done
fail "the node did not become idle within 10 s"

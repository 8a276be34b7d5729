#!/usr/bin/env bash
# Installs what test_slurm.py needs, from Debian's archive; as root. The daemons are not started: the
# test runs its own, in namespaces of their own.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/sbin:/sbin"
for program in munged slurmctld slurmd srun unshare nsenter; do
  command -v "$program" > /dev/null && continue
  apt-get update -qq
  # RUNLEVEL keeps invoke-rc.d from starting services
  RUNLEVEL=1 apt-get install -qq -y --no-install-recommends slurm-wlm munge util-linux > /dev/null
  exit
done

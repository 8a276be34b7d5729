#!/usr/bin/env bash
# Installs what test_slurm.py needs, from Debian's archive; as root. No daemon is started: the test
# runs its own, in namespaces of their own.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/sbin:/sbin"
policy=/usr/sbin/policy-rc.d  # Debian asks it before a package starts its services

missing() {
  for program in munged slurmctld slurmd srun unshare nsenter; do
    command -v "$program" > /dev/null || return 0
  done
  return 1
}

missing || exit 0
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
apt-get install -qq -y --no-install-recommends slurm-wlm munge util-linux > /dev/null

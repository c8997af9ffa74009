#!/bin/bash
# Runs "$@" beside a Docker daemon of its own, in namespaces of its own: network, mounts, processes
# and control groups end with it, and nothing is left behind. Needs root, docker.io, iptables and
# iproute2.
set -eu
exec unshare -n -m -p -f -C -i -u --mount-proc --kill-child bash -c '
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/lock
mount -t sysfs sysfs /sys
mount -t tmpfs cgroups /sys/fs/cgroup
for name in cpu cpuacct cpuset memory devices freezer blkio pids; do
  mkdir "/sys/fs/cgroup/$name"
  mount -t cgroup -o "$name" cgroup "/sys/fs/cgroup/$name"
done
mkdir /sys/fs/cgroup/systemd
mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
ip link set lo up
data=$(mktemp -d)
socket=/run/docker.sock
dockerd -H "unix://$socket" --data-root "$data/root" --exec-root /run/exec \
  --pidfile /run/docker.pid --bip 198.18.0.1/24 \
  --default-address-pool base=198.18.16.0/20,size=24 >"$data/dockerd.log" 2>&1 &
daemon=$!
for attempt in $(seq 300); do
  if curl -s --unix-socket "$socket" http://docker/_ping >/dev/null; then break; fi
  if [ "$attempt" -eq 300 ] || ! kill -0 "$daemon"; then cat "$data/dockerd.log" >&2; exit 1; fi
  sleep 0.1
done
# The reaper of testcontainers comes from a registry; the namespaces do its work here.
export DOCKER_HOST="unix://$socket" TESTCONTAINERS_RYUK_DISABLED=true
export TESTCONTAINERS_HOST_OVERRIDE=127.0.0.1
code=0
"$@" || code=$?
[ "$code" -eq 0 ] || tail -n 30 "$data/dockerd.log" >&2
kill "$daemon"
wait "$daemon" || true
rm -rf "$data"
exit "$code"' dockerd "$@"

#!/bin/sh
# Writes what hangad says of its workers into their pods: a pod without images costs nothing to take.
# Needs curl and kubectl. METRICS: hangad's page; EVERY: seconds between looks; ONCE: one look.
set -eu
: "${METRICS:=http://hangad-workers:9877/metrics}" "${EVERY:=10}" "${SEEN:=/tmp/seen}"
mkdir -p "$SEEN"
while :; do
  # Workers are named after their pods; those of other hosts have none, and are passed over.
  curl --silent --fail --max-time 10 "$METRICS" |
    sed -n 's/^hanga_worker_tasks_running{worker="\([a-z0-9.-]*\)"} \([0-9]*\).*/\1 \2/p' |
    while read -r pod images; do
      [ "$(cat "$SEEN/$pod" 2>/dev/null)" != "$images" ] || continue
      if kubectl annotate pod "$pod" --overwrite \
          "controller.kubernetes.io/pod-deletion-cost=$images" >/dev/null; then
        echo "$images" > "$SEEN/$pod"
      fi
    done || echo "hangad does not answer at $METRICS" >&2
  [ -z "${ONCE:-}" ] || exit 0
  sleep "$EVERY"
done

#!/usr/bin/env bash
# Runs the launches of a recording under the race check: racecheck.sh DIR RECORDING, where DIR
# is what build.sh … --sanitize=thread made. Exit code 66: there are races, described on stderr.
set -euo pipefail

# ThreadSanitizer wants its address ranges free, which address randomisation may not leave it.
fixed=()
setarch -R true 2> /dev/null && fixed=(setarch -R)
export TSAN_OPTIONS="exitcode=66 report_signal_unsafe=0 history_size=0 ${TSAN_OPTIONS:-}"
exec timeout 300 "${fixed[@]}" "$1/replay" "$2"

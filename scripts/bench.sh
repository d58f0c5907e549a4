#!/bin/bash
# Runs the benchmarks, compiled for this machine. Installs what is missing first (Debian 12, Ubuntu 24.04).
#
#   scripts/bench.sh                      all
#   scripts/bench.sh topk                 programs, or cases of all programs, whose name matches the regular expression
#   scripts/bench.sh --json DIR [REGEX]   writes one JSON file for each program as well
#
# Ratios within one run mean something; absolute numbers depend on what else the machine does.
set -euo pipefail
. "$(dirname "$0")/common.sh"

json=
if [ "${1:-}" = --json ]; then
  json=$2
  mkdir -p "$json"
  shift 2
fi
filter=${1:-}

need "${library_packages[@]}" "${example_packages[@]}" "${benchmark_packages[@]}"
cmake --preset native -DMMREC_BUILD_BENCHMARKS=ON >/dev/null
cmake --build --preset native -j "$build_jobs" | tail -n 1

for program in build/native/bench/*_bench; do
  name=$(basename "$program")
  arguments=(--benchmark_counters_tabular=true)
  if [ -n "$filter" ] && ! [[ $name =~ $filter ]]; then
    "$program" --benchmark_list_tests --benchmark_filter="$filter" 2>/dev/null | grep -q . || continue
    arguments+=("--benchmark_filter=$filter")
  fi
  [ -z "$json" ] || arguments+=("--benchmark_out=$json/$name.json" --benchmark_out_format=json)
  echo "== $name"
  "$program" "${arguments[@]}"
done

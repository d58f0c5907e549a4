#!/bin/bash
# Builds examples/compare_recommenders and runs it: all recommenders on one data set, in one table. Installs what is missing
# first (Debian 12, Ubuntu 24.04). Arguments go to the program; without --data it takes the small data set that comes along:
#
#   scripts/compare.sh --data FOLDER [--models ease,ials] [--split ratio|last|random|time] [--threads N] ...
set -euo pipefail
caller=$PWD
. "$(dirname "$0")/common.sh"

need "${library_packages[@]}" "${example_packages[@]}"
cmake --preset native -DMMREC_BUILD_BENCHMARKS=OFF >/dev/null
cmake --build --preset native --target compare_recommenders -j "$build_jobs" | tail -n 1

program=$PWD/build/native/examples/compare_recommenders
cd "$caller"
exec "$program" "$@"

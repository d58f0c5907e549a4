#!/bin/bash
# Builds and runs the main example: a film recommender made of text, sound and pictures. Installs what is missing first
# (Debian 12, Ubuntu 24.04). Arguments go to the example:
#
#   scripts/demo.sh [--data FOLDER] [--user N] [--cold] [--json FILE] ...     (--help lists them all)
set -euo pipefail
caller=$PWD
. "$(dirname "$0")/common.sh"

need "${library_packages[@]}" "${example_packages[@]}"
cmake --preset native -DMMREC_BUILD_BENCHMARKS=OFF >/dev/null
cmake --build --preset native --target movie_night -j "$build_jobs" | tail -n 1

program=$PWD/build/native/examples/movie_night
cd "$caller"
exec "$program" "$@"

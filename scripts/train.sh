#!/bin/bash
# Builds one of the training examples and runs it. Installs what is missing first (Debian 12, Ubuntu 24.04). Arguments go to
# the example; without --data it trains on small made-up data:
#
#   scripts/train.sh digits  [--net conv|lstm]          [--data FOLDER] [--seed N] [--epochs N] ...
#   scripts/train.sh titles  [--task titles|newsgroups] [--data FOLDER] ...                        (--help lists them all)
#   scripts/train.sh posters                            [--data FOLDER] ...        --device cuda trains on a device
set -euo pipefail
caller=$PWD
. "$(dirname "$0")/common.sh"

name=${1:-}
if [ ! -f "examples/train_$name/main.cpp" ]; then
  echo "usage: scripts/train.sh digits|titles|posters [ARGUMENTS...]" >&2
  exit 2
fi
shift

need "${library_packages[@]}" "${example_packages[@]}"
cmake --preset native -DMMREC_BUILD_BENCHMARKS=OFF >/dev/null
cmake --build --preset native --target "train_$name" -j "$build_jobs" | tail -n 1

program=$PWD/build/native/examples/train_$name
cd "$caller"
exec "$program" "$@"

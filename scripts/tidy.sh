#!/bin/bash
# Looks for faults with clang-tidy (see .clang-tidy) in the headers that the given sources use, and with --format tells which
# files are not laid out as .clang-format says. Not part of the test run.
#
#   scripts/tidy.sh tests/text/words_test.cpp ...     default: the quick start, which includes everything
#   scripts/tidy.sh --format
set -euo pipefail
. "$(dirname "$0")/common.sh"

if [ "${1:-}" = --format ]; then
  need clang-format
  git ls-files '*.hpp' '*.cpp' | xargs clang-format --dry-run 2>&1 | sed -nE 's/^([^:]+):[0-9]+:.*/\1/p' | sort | uniq -c
  exit
fi
need "${library_packages[@]}" "${example_packages[@]}" "${test_packages[@]}" clang clang-tidy
cmake --preset clang >/dev/null
sources=("$@")
[ ${#sources[@]} -gt 0 ] || sources=(examples/quick_start.cpp)
clang-tidy --quiet -p build/clang "${sources[@]}"

#!/bin/bash
# Measures what including each group costs a user's translation unit, and what the quick start costs: CPU seconds and peak
# memory, g++ and clang++ (where installed), -O0 and -O2. Each number is the least of three runs.
#
#   scripts/bench_compile_time.sh            everything
#   scripts/bench_compile_time.sh REGEX      the rows that match
#
# Targets: core 1 s; the quick start 10 s and 1 GB; a network of 20 layers, trained and frozen, 20 s and 1.5 GB.
set -euo pipefail
. "$(dirname "$0")/common.sh"

filter=${1:-}
runs=${MMREC_COMPILE_RUNS:-3}
need "${library_packages[@]}"
folder=build/compile-time
mkdir -p "$folder"
g++ -O1 -std=c++20 bench/compile_time/measure.cpp -o "$folder/measure"

compilers=(g++)
! command -v clang++ >/dev/null || compilers+=(clang++)
eigen=/usr/include/eigen3
[ -d "$eigen" ] || eigen=$(pkg-config --variable=includedir eigen3)/eigen3
flags=(-std=c++20 -Iinclude -isystem "$eigen" -DEIGEN_MPL2_ONLY -DEIGEN_DONT_PARALLELIZE -c -o "$folder/out.o")

row() { # row NAME SOURCE
  [[ $1 =~ $filter ]] || return 0
  printf '%-14s' "$1"
  local compiler level run best seconds memory
  for compiler in "${compilers[@]}"; do
    for level in -O0 -O2; do
      best= memory=
      for ((run = 0; run < runs; ++run)); do
        if ! read -r seconds megabytes < <("$folder/measure" "$compiler" "$level" "${flags[@]}" "$2" 2>"$folder/errors"); then
          break
        fi
        if [ -s "$folder/errors" ]; then best=fails; break; fi
        if [ -z "$best" ] || [ "$(printf '%s\n' "$seconds" "$best" | sort -n | head -n 1)" = "$seconds" ]; then best=$seconds; fi
        memory=$megabytes
      done
      printf ' %9s s %5s MB' "${best:-fails}" "${memory:--}"
    done
  done
  printf '\n'
}

printf '%-14s' ""
for compiler in "${compilers[@]}"; do printf ' %-20s %-20s' "$compiler -O0" "$compiler -O2"; done
printf '\n'

printf 'int main() {}\n' >"$folder/nothing.cpp"
row nothing "$folder/nothing.cpp"
# What comes from the standard library and Eigen, whatever the library does.
printf '#include <algorithm>\n#include <concepts>\n#include <memory>\n#include <span>\n#include <string>\n#include <vector>\nint main() {}\n' \
  >"$folder/standard.cpp"
row standard "$folder/standard.cpp"
printf '#include <Eigen/Core>\nint main() {}\n' >"$folder/eigen.cpp"
row Eigen/Core "$folder/eigen.cpp"
for header in include/mmrec/*.hpp; do
  name=$(basename "$header" .hpp)
  printf '#include <mmrec/%s.hpp>\nint main() {}\n' "$name" >"$folder/$name.cpp"
  row "$name" "$folder/$name.cpp"
done
row quick_start examples/quick_start.cpp
row network bench/compile_time/network.cpp

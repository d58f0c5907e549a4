#!/bin/bash
# Builds and runs the tests. Installs what is missing first (Debian 12, Ubuntu 24.04).
#
#   scripts/test.sh             g++ (preset dev)
#   scripts/test.sh --all       and clang++ with the address and undefined behaviour sanitizers, the thread sanitizer
#   scripts/test.sh tsan        presets by name
#
# Tests on real data look for them under MMREC_TEST_DATA and count as skipped where they are not. The last line tells what
# passed, failed and was skipped, over all presets; the status is 0 when nothing failed.
set -euo pipefail
. "$(dirname "$0")/common.sh"

presets=()
for argument in "$@"; do
  case "$argument" in
    --all) presets+=(dev asan-ubsan tsan) ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) presets+=("$argument") ;;
  esac
done
[ ${#presets[@]} -gt 0 ] || presets=(dev)

need "${library_packages[@]}" "${example_packages[@]}" "${test_packages[@]}"
case " ${presets[*]} " in
  *" clang "* | *" asan-ubsan"*)
    need clang
    need "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
    ;;
esac

passed=0 failed=0 skipped=0
count() { # count FILE NAME: an attribute of the test suite in a JUnit file
  sed -nE "/<testsuite /,/>/s/.*[[:space:]]$2=\"([0-9]+)\".*/\1/p" "$1" | head -n 1
}
for preset in "${presets[@]}"; do
  echo "== $preset"
  began=$SECONDS
  mkdir -p "build/$preset"
  results=$PWD/build/$preset/tests.xml
  rm -f "$results"
  # A program that does not build is a failed test ("..._NOT_BUILT"); the others are run all the same.
  cmake --preset "$preset" >"build/$preset/configure.log" 2>&1 || cat "build/$preset/configure.log"
  cmake --build --preset "$preset" -j "$build_jobs" -- -k 0 | grep -vE '^\[[0-9]+/[0-9]+\] (Building|Linking)' || true
  ctest --preset "$preset" -j "$build_jobs" --output-junit "$results" --progress 2>&1 |
    grep -vE '^(Test project| *Start +[0-9]| *[0-9]+/[0-9]+ Test .*Passed|Label Time|[a-z]+ += .*proc|$)' || true
  if [ -s "$results" ]; then
    tests=$(count "$results" tests) bad=$(count "$results" failures)
    left_out=$(($(count "$results" skipped) + $(count "$results" disabled)))
    passed=$((passed + tests - bad - left_out)) failed=$((failed + bad)) skipped=$((skipped + left_out))
    echo "$preset: $((tests - bad - left_out)) passed, $bad failed, $left_out skipped in $((SECONDS - began)) s"
  else
    failed=$((failed + 1))
    echo "$preset: could not be configured"
  fi
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]

#!/bin/bash
# Checks and times what runs on CUDA devices (preset gpu). Installs what is missing first (Debian 12, Ubuntu 24.04), but for
# CUDA itself, cuDNN and PyTorch, which are used where they are.
#
#   scripts/gpu_check.sh                 builds for the device there is, then tests, compute-sanitizer, benchmarks
#   scripts/gpu_check.sh --quick         benchmarks with fewer repeats
#   scripts/gpu_check.sh --tests-only    no benchmarks
#
# Without nvcc the kernels are tested on the host alone; without a device what was built is not run. The end tells what was
# skipped, and why; the status is 0 when nothing failed. Logs and full tables: build/gpu/check. MMREC_GPU_PYTHON names the
# Python that has PyTorch, MMREC_CUDNN_ROOT the folder of cuDNN.
set -euo pipefail
. "$(dirname "$0")/common.sh"

quick=() benchmarks=yes
for argument in "$@"; do
  case "$argument" in
    --quick) quick=(--quick) ;;
    --tests-only) benchmarks= ;;
    -h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "gpu_check.sh: unknown option $argument; there are --quick and --tests-only" >&2; exit 2 ;;
  esac
done

needed=("${library_packages[@]}" "${test_packages[@]}")
[ -z "$benchmarks" ] || needed+=("${benchmark_packages[@]}")
need "${needed[@]}" || echo "Not everything could be installed: going on with what is there"

build=$PWD/build/gpu
logs=$build/check
mkdir -p "$logs"
report=() failed=0

note() { # note RESULT NAME TEXT
  report+=("$(printf '%-8s %-28s %s' "$1" "$2" "$3")")
  echo "${report[-1]}"
}
# step NAME COMMAND...: runs it, with its output in a log; 77: it skipped itself, 124: out of time, as slow tools may be.
step() {
  local name=$1 log began=$SECONDS status=0 text
  shift
  log=$logs/${name// /_}.log
  echo "== $name"
  "$@" >"$log" 2>&1 || status=$?
  text=$(grep -E 'tests passed|^All tests passed|^test cases|^skipped:|ERROR SUMMARY|RACECHECK SUMMARY' "$log" | tail -n 1 || true)
  case "$status $name" in
    "0 "*) note passed "$name" "$((SECONDS - began)) s  $text" ;;
    "77 "*) note skipped "$name" "${text#skipped: }" ;;
    "124 memcheck" | "124 racecheck") note skipped "$name" "did not end within $((SECONDS - began)) s, $log" ;;
    *)
      failed=$((failed + 1))
      grep -E 'error|FAILED|Error|WRONG|\*\*\*' "$log" | head -n 20 || true
      tail -n 15 "$log"
      note FAILED "$name" "status $status after $((SECONDS - began)) s, $log"
      ;;
  esac
  return 0
}
finish() {
  echo
  printf '%s\n' "${report[@]}"
  [ "$failed" = 0 ] && echo "nothing failed" || echo "$failed failed"
  [ "$failed" = 0 ]
  exit
}

if [ -z "${CUDACXX:-}" ] && ! command -v nvcc >/dev/null && [ -x /usr/local/cuda/bin/nvcc ]; then
  export CUDACXX=/usr/local/cuda/bin/nvcc
fi
compiler=${CUDACXX:-$(command -v nvcc || true)}

options=(-DMMREC_CUDA=ON -UMMREC_CUDA_ARCHITECTURES -DMMREC_BUILD_BENCHMARKS=ON)
[ -n "$benchmarks" ] && [ -n "$compiler" ] || options+=(-DMMREC_BUILD_BENCHMARKS=OFF)
# Building for the devices that are there takes a third of the time.
architectures=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | grep -E '^[0-9]+\.[0-9]+$' | sort -u |
  sed 's/\.//; s/$/-real/' | paste -sd ';' || true)
[ -z "$architectures" ] || options+=("-DMMREC_CUDA_ARCHITECTURES=$architectures")
python=${MMREC_GPU_PYTHON:-python3}
cudnn=${MMREC_CUDNN_ROOT:-$("$python" -c 'import nvidia.cudnn; print(list(nvidia.cudnn.__path__)[0])' 2>/dev/null || true)}
[ -z "$cudnn" ] || options+=("-DMMREC_CUDNN_ROOT=$cudnn")

on_host=()
for source in tests/cuda/*_test.cpp; do
  on_host+=("cuda_$(basename "$source" .cpp)")
done
on_device=(mmrec_gpu device_probe device_tests cuda_headers_alone)
[ -z "$benchmarks" ] || on_device+=(bench_cuda)

build_targets() { cmake --build --preset gpu -j "$build_jobs" --target "$@" -- -k 0; }
# The tests on the host, and how much of a device kernels take; not what the steps below do themselves.
host_tests() {
  local left_out='^cuda\.(headers_alone|device_tests_build|device_tests)$'
  case ";$architectures;" in
    ";;" | ";80-real;" | ";90-real;" | ";80-real;90-real;") ;;
    *) left_out+='|^cuda\.resources$' ;;  # recorded for these alone
  esac
  ctest --preset gpu -j "$build_jobs" -R '^cuda[._]' -E "$left_out"
}

step configure cmake --preset gpu "${options[@]}"
[ "$failed" = 0 ] || finish
if [ -z "$compiler" ]; then
  step "build for the host" build_targets "${on_host[@]}"
  step "tests on the host" host_tests
  note skipped "kernels compiled" "no CUDA compiler: put nvcc on the path or set CUDACXX"
  note skipped "tests on a device" "likewise"
  note skipped "compute-sanitizer" "likewise"
  note skipped "benchmarks" "likewise"
  finish
fi
step "build" build_targets "${on_host[@]}" "${on_device[@]}"
step "tests on the host" host_tests

probe=$build/tests/cuda/device_probe tests=$build/tests/cuda/device_tests
probed=0
device=$("$probe" 2>&1) || probed=$?
if [ "$probed" != 0 ]; then
  # 77: there is no device. All else is a fault of ours, and no reason to leave checks out in silence.
  [ "$probed" = 77 ] || failed=$((failed + 1))
  [ "$probed" = 77 ] || note FAILED "looking for a device" "status $probed: $device"
  for check in "tests on a device" compute-sanitizer benchmarks; do note skipped "$check" "${device##*skipped: }"; done
  finish
fi
step "tests on a device" "$tests"

# Short tests: under the tool each access costs many times what it does.
sanitizer=$(command -v compute-sanitizer || ls "$(dirname "$compiler")/compute-sanitizer" 2>/dev/null || true)
if [ -n "$sanitizer" ] && [ -x "$tests" ]; then
  # Catch2 3 has another option to list names; Catch2 2 answers with their number.
  { "$tests" --list-test-names-only || true; } >"$logs/names" 2>/dev/null
  [ -s "$logs/names" ] || { "$tests" --list-tests --verbosity quiet || true; } >"$logs/names"
  grep -vE 'large|train|network|Network|residual|regression|very many|beyond|cancelled' "$logs/names" | sed 's/^ *//' >"$logs/short"
  for tool in memcheck racecheck; do
    step "$tool" timeout 120 "$sanitizer" --tool "$tool" --report-api-errors no --error-exitcode 9 "$tests" \
      --input-file "$logs/short"
  done
else
  note skipped compute-sanitizer "the tool is not beside nvcc nor on the path"
fi

if [ -z "$benchmarks" ]; then
  note skipped benchmarks "--tests-only"
  finish
fi
bench=$build/bench/cuda/bench_cuda results=("$logs/bench_cuda.json")
rm -f "$logs"/*.json
step "benchmarks" timeout 300 "$bench" "${quick[@]}" --json "${results[0]}"
if [ -s "${results[0]}" ]; then
  step "PyTorch" timeout 300 "$python" bench/cuda/torch_cuda.py --cases "${results[0]}" --json "$logs/torch_cuda.json" "${quick[@]}"
  [ ! -s "$logs/torch_cuda.json" ] || results+=("$logs/torch_cuda.json")
  echo
  "$python" bench/cuda/summary.py "${results[@]}" || tail -n 30 "$logs/benchmarks.log"
  echo "every shape: $logs/benchmarks.log"
fi
echo "$device"
finish

#!/bin/bash
# Times the library and its peers on the same work, in the same run, in turns; prints one line a case:
#
#   name  ours  peer  ratio          ratio > 1: we are faster
#
#   scripts/bench_peers.sh                    all comparisons
#   scripts/bench_peers.sh topk               comparisons whose file name matches; further arguments go to them,
#   scripts/bench_peers.sh topk --samples 9   see bench/peers/peer.py (--samples, --seconds, --filter, --verbose)
#
# The peers are installed with pip into build/peers-env (set MMREC_PEERS_ENV to use an environment of your own). One thread
# unless MMREC_PEER_THREADS says otherwise.
set -euo pipefail
. "$(dirname "$0")/common.sh"

pattern=${1:-}
[ $# -eq 0 ] || shift

need "${library_packages[@]}" "${example_packages[@]}" "${benchmark_packages[@]}" python3-venv
environment=${MMREC_PEERS_ENV:-$PWD/build/peers-env}
if [ ! -x "$environment/bin/python" ]; then
  echo "Installing the peers into $environment"
  python3 -m venv "$environment"
fi
peers=(numpy scipy scikit-learn threadpoolctl faiss-cpu implicit torch)
for package in "${peers[@]}"; do
  "$environment/bin/python" -m pip show -q "$package" >/dev/null 2>&1 || {
    "$environment/bin/python" -m pip install -q "${peers[@]}"
    break
  }
done

# Peers of single comparisons, which are left out where these do not install. RecBole without what its models need.
for package in libmf scikit-surprise "--no-deps recbole==1.2.1"; do
  name=${package##* }
  "$environment/bin/python" -m pip show -q "${name%%=*}" >/dev/null 2>&1 ||
    "$environment/bin/python" -m pip install -q $package || echo "$name cannot be installed: its comparison is left out"
done

cmake --preset native -DMMREC_BUILD_BENCHMARKS=ON >/dev/null
cmake --build --preset native -j "$build_jobs" --target all_peers | tail -n 1

header=print
for comparison in bench/peers/*_peer.py; do
  [[ $(basename "$comparison") =~ $pattern ]] || continue
  MMREC_PEER_HEADER=$header "$environment/bin/python" "$comparison" --bin build/native/bench/peers "$@"
  header=done
done

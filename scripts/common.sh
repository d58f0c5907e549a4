# Sourced by the other scripts: installs what is missing, and says so.

cd "$(dirname "${BASH_SOURCE[0]}")/.."
build_jobs=$(nproc 2>/dev/null || echo 2)

# need PACKAGE...: installs those Debian or Ubuntu packages that are not there yet.
need() {
  local missing=() package
  if ! command -v dpkg-query >/dev/null; then
    echo "This is not Debian or Ubuntu: going on in the hope that these are installed: $*" >&2
    return 0
  fi
  for package in "$@"; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "Missing: ${missing[*]}. Install them as root: apt-get install ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing: ${missing[*]}"
  # The lists of packages are fetched anew only where the ones at hand do not do.
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" \
    >/dev/null 2>&1; then
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
  fi
}

library_packages=(g++ cmake ninja-build libeigen3-dev libxtensor-dev)
example_packages=(libcli11-dev nlohmann-json3-dev)
test_packages=(catch2 libfaiss-dev libhnswlib-dev libsqlite3-dev libutf8proc-dev pkg-config)
benchmark_packages=(libbenchmark-dev)

# A compiler cache is used where there is one; nothing depends on it.
if command -v ccache >/dev/null && [ -z "${CMAKE_CXX_COMPILER_LAUNCHER:-}" ]; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_SLOPPINESS=pch_defines,time_macros
fi

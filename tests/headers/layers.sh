#!/bin/sh
# Reads the include lines of the library and fails on an edge that the layers forbid, on a cycle, or on a name that does
# not exist. Usage: layers.sh INCLUDE_DIR (the folder that holds mmrec/).
#
#   core <- data, exec <- kernel <- text, image, ... <- pipeline <- io, serve, dist <- mmrec.hpp and one umbrella a group
#
# A header may include its own group and lower layers; groups of one layer never include each other; a group's detail/
# belongs to the group alone; umbrellas (mmrec/*.hpp) are for users, no other header includes one, except mmrec.hpp; together they lead to every header
# but the kernels and those of optional components, which nothing includes. What needs CUDA lies in folders called cuda/, and
# only mmrec/cuda.hpp leads there; device code (*.cuh) is included by device code alone, and never meets Eigen or xtensor.
set -eu
cd "$1"
headers=$(find mmrec -name '*.hpp' -o -name '*.cuh' | LC_ALL=C sort)
[ -n "$headers" ] || { echo "no headers under $1"; exit 1; }

edges=$(for header in $headers; do
  sed -nE "s|^[[:space:]]*#[[:space:]]*include[[:space:]]*([<\"])([^>\"]+)[>\"].*|$header \1\2|p" "$header"
done)

printf '%s\n' "$edges" | awk -v existing="$(printf '%s' "$headers" | tr '\n' ' ')" '
  BEGIN {
    split(existing, list, " ")
    for (i in list) exists[list[i]] = 1
    split("core:0 data:1 exec:1 kernel:2 text:3 image:3 audio:3 features:3 nn:3 decomp:3 cluster:3 cf:3 fusion:3 eval:3 " \
          "pipeline:4 io:5 serve:5 dist:5", pairs, " ")
    for (i in pairs) { split(pairs[i], pair, ":"); level[pair[1]] = pair[2] }
  }
  function group(path,   parts) { return split(path, parts, "/") == 2 ? "" : parts[2] }
  function needs_cuda(path) { return path ~ /\/cuda\// || path == "mmrec/exec/cuda.hpp" || path == "mmrec/cuda.hpp" }
  function complain(text) { print $1 ": " text; faults++ }
  NF == 2 {
    kind = substr($2, 1, 1); target = substr($2, 2); from = group($1)
    if (from != "" && !(from in level)) complain("the group \"" from "\" has no layer; add it to tests/headers/layers.sh")
    if (target == "utf8proc.h" || target == "sqlite3.h" || target ~ /^(faiss|hnswlib)\//) component[$1] = 1
    if (kind == "\"") { complain("write <" target "> instead of \"" target "\""); next }
    if ($1 ~ /\.cuh$/ && target ~ /^(Eigen|xtensor)\//) complain("device code includes <" target ">")
    if (target !~ /^mmrec\//) next
    if (!(target in exists)) { complain("includes <" target ">, which does not exist"); next }
    reached[target] = 1
    if (target in component) complain("includes <" target ">, which needs an optional component")
    if (needs_cuda(target) && !needs_cuda($1)) complain("includes <" target ">, which needs CUDA")
    if (target ~ /\.cuh$/ && $1 !~ /\.cuh$/ && $1 != "mmrec/cuda.hpp") complain("includes the device code <" target ">")
    to = group(target)
    if (to == "") { if ($1 != "mmrec/mmrec.hpp") complain("includes the umbrella <" target ">"); next }
    if (from == to) next
    if (target ~ ("^mmrec/" to "/(cuda/)?detail/")) complain("includes <" target ">, a private part of " to)
    if (from == "") next
    if (level[to] == level[from]) complain("includes <" target ">, but " from " and " to " are of one layer")
    if (level[to] > level[from]) complain("includes <" target ">, but " to " stands above " from)
  }
  END {
    for (path in exists) {
      if (path in reached || path in component || path == "mmrec/mmrec.hpp" || path == "mmrec/cuda.hpp" || path ~ /^mmrec\/kernel\//) continue
      print path ": no umbrella leads to it"
      faults++
    }
    exit faults != 0
  }
' || { echo "the layers are broken"; exit 1; }

# tsort names the members of a cycle on standard error.
if ! cycle=$(printf '%s\n' "$edges" | sed -nE 's|^([^ ]+) <(mmrec/.*)|\1 \2|p' | tsort 2>&1 >/dev/null); then
  printf 'headers include each other in a cycle:\n%s\n' "$cycle"
  exit 1
fi
echo "$(printf '%s\n' "$headers" | wc -l) headers, layers in order"

#!/bin/sh
# What the kernels of mmrec::gpu take of a multiprocessor: registers, stack and spilled bytes, shared memory.
#
#   resources.sh LOGS            prints the table, from what src/gpu/record.sh has kept
#   resources.sh LOGS TABLE      fails where a kernel takes more than TABLE says, or is not in it
set -eu
table() {
  cat "$1"/*.log | awk '
    /Compiling entry function/ {
      split($0, quoted, "\047")
      kernel = quoted[2]; arch = quoted[4]
    }
    /bytes stack frame/ { stack = $1; stores = $5; loads = $9 }
    /ptxas info *: Used/ {
      shared = 0
      for (i = 1; i <= NF; ++i) if ($i == "smem," || $i == "smem") shared = $(i - 2)
      for (i = 1; i <= NF; ++i) if ($i ~ /^registers/) registers = $(i - 1)
      print arch, registers, stack, stores + loads, shared, kernel
    }' | c++filt -p | sed -E 's/mmrec::v0::cuda::compiled:://g; s/mmrec::v0:://g' | grep -v ' cub::' | LC_ALL=C sort -u -k6 -k1,1
}
if [ $# = 1 ]; then
  echo "# architecture, registers, stack bytes, spilled bytes, shared bytes, kernel"
  table "$1"
  exit 0
fi
table "$1" >"$1/now.txt"
awk '
  function rest(   text, i) { text = $6; for (i = 7; i <= NF; ++i) text = text " " $i; return text }
  /^#/ || NF < 6 { next }
  FNR == NR { key = $1 " " rest(); known[key] = 1; for (i = 2; i <= 5; ++i) most[key, i] = (key, i) in most && most[key, i] > $i ? most[key, i] : $i; next }
  {
    key = $1 " " rest()
    if (!(key in known)) { print "not recorded: " key; faults++; next }
    for (i = 2; i <= 5; ++i) if ($i > most[key, i]) {
      split("architecture,registers,stack bytes,spilled bytes,shared bytes", names, ",")
      print key ": " $i " " names[i] ", recorded were " most[key, i]; faults++
    }
    ++kernels
  }
  END {
    if (kernels == 0) { print "no kernels were compiled"; exit 1 }
    print kernels " kernels"
    exit faults != 0
  }
' "$2" "$1/now.txt"

#!/bin/sh
# A page shows a program and what it prints: both have to be what they are. In PAGE, "<!-- NAME.cpp -->" and
# "<!-- NAME output -->" stand before the blocks.
#
# readme.sh PAGE SOURCE PROGRAM            fails where they differ
# readme.sh --write PAGE SOURCE PROGRAM    puts them in
set -eu
write=
if [ "$1" = --write ]; then
  write=1
  shift
fi
readme=$1 source=$2 program=$3

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
sed -n '/^\/\/ \[readme\]$/,/^\/\/ \[readme\]$/{//!p}' "$source" >"$folder/code"
"$program" >"$folder/output"

name=$(basename "$source" .cpp)
awk -v name="$name" -v code="$folder/code" -v output="$folder/output" '
  function insert(file,   line) { while ((getline line <file) > 0) print line; close(file) }
  $0 == "<!-- " name ".cpp -->" { block = code }
  $0 == "<!-- " name " output -->" { block = output }
  /^```/ && block != "" {
    print
    if (!inside) insert(block); else block = ""
    inside = !inside
    next
  }
  !(inside && block != "") { print }
' "$readme" >"$folder/readme"

if [ -n "$write" ]; then
  cp "$folder/readme" "$readme"
else
  diff -u "$readme" "$folder/readme" || { echo "put the new text in with tests/docs/readme.sh --write"; exit 1; }
fi

#!/bin/sh
# The README shows a program and what it prints: both have to be what they are.
#
# readme.sh README SOURCE PROGRAM            fails where they differ
# readme.sh --write README SOURCE PROGRAM    puts them in
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

awk -v code="$folder/code" -v output="$folder/output" '
  function insert(file,   line) { while ((getline line <file) > 0) print line; close(file) }
  /^<!-- quick_start.cpp -->$/ { block = code }
  /^<!-- quick_start output -->$/ { block = output }
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

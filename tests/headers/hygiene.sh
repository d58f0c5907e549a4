#!/bin/sh
# Fails on what the library's headers must not contain. Usage: hygiene.sh INCLUDE_DIR.
set -eu
cd "$1"
headers=$(find mmrec -name '*.hpp' -o -name '*.cuh' | LC_ALL=C sort)
[ -n "$headers" ] || { echo "no headers under $1"; exit 1; }
faults=0

complain() { echo "$1"; faults=1; }

# forbid WHY PATTERN: the extended regular expression must not match outside comments and string literals.
forbid() {
  found=$(for header in $headers; do
    sed -E 's/"([^"\\]|\\.)*"/""/g; s/\/\/.*//' "$header" | grep -nE "$2" | sed "s|^|  $header:|"
  done || true)
  [ -z "$found" ] || complain "$1:
$found"
}

forbid 'std::regex overflows the stack on long input' 'std::w?regex|<regex>'
forbid "the standard leaves the numbers of these to the implementation: use core/random.hpp" \
  '<random>|std::(shuffle|sample|mt19937|random_device|[a-z_]+_distribution)\b|\b(s?rand|[dlm]rand48)\('
forbid 'the library prints nothing' '<iostream>|std::(cout|cerr|clog)|\b(f?printf|f?puts|putchar)\('
forbid 'these follow the locale: use std::from_chars and std::to_chars' \
  '\b(strto[a-z]+|ato[fil]+|sto(i|l|ll|ul|ull|f|d|ld)|setlocale|sscanf|snprintf)\(|std::(locale|i?stringstream)|\bstd::(isalpha|isdigit|isspace|isalnum|ispunct|tolower|toupper)\b'
forbid 'clang 14 does not compile these' 'std::views|std::ranges::(views|subrange|iota_view)|source_location'
forbid 'no names may leak out of a header' '^using namespace'
forbid 'these cost seconds or break a compiler: include the part in use' '<Eigen/(Dense|SVD|Eigen)>|BDCSVD|xt::xarray|xt::load_npy|<bits/'
forbid 'std::to_string prints floating point numbers with the locale and six digits' 'to_string\((static_cast<)?(float|double)'
forbid 'unfinished work' 'TODO|FIXME|XXX'
forbid 'a global variable is shared state' '^(inline |static )?(thread_local|static) [^(]*[;=]'

for header in $headers; do
  first=$(head -n 1 "$header")
  case "$first" in
    "// $header - "*) ;;
    *) complain "$header: the first line has to be \"// $header - what it is\"" ;;
  esac
  grep -q '^// No include guard, on purpose' "$header" || [ "$(grep -c '^#pragma once$' "$header")" = 1 ] ||
    complain "$header: needs one #pragma once"
  lines=$(wc -l <"$header")
  [ "$lines" -le 500 ] || complain "$header: $lines lines; one idea a header, at most 500"
  grep -qE 'TODO|FIXME' "$header" && complain "$header: unfinished work"
  LC_ALL=C grep -q "$(printf '[\t\r]')" "$header" && complain "$header: tabs or carriage returns"
done

[ "$faults" = 0 ] || exit 1
echo "$(printf '%s\n' "$headers" | wc -l) headers clean"

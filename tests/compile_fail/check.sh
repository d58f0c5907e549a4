#!/bin/bash
# One mistake, one error, and the error names the culprit.
#
# check.sh prepare FOLDER COMPILER FLAGS...          precompiles shop.hpp, which every case includes first
# check.sh SOURCE FOLDER COMPILER FLAGS...
#
# Compiles SOURCE twice: as it is it has to compile, and with -DMMREC_KO, which switches the mistake on, it has to give
# exactly one error whose text matches every `// expect: REGEX` line of the source (extended regular expressions; use
# `// expect-gcc:` and `// expect-clang:` where the compilers word it differently), in at most 40 lines of diagnostics.
set -u
export LC_ALL=C
source=$1
folder=$2
shift 2
kind=gcc
case "$1" in *clang*) kind=clang ;; esac
shop=$(dirname "${BASH_SOURCE[0]}")/shop.hpp

if [ "$source" = prepare ]; then
  mkdir -p "$folder"
  if [ $kind = gcc ]; then
    : >"$folder/shop.hpp" # g++ takes shop.hpp.gch where it is asked for shop.hpp
    exec "$@" -x c++-header "$shop" -o "$folder/shop.hpp.gch"
  fi
  exec "$@" -x c++-header "$shop" -o "$folder/shop.pch"
fi

if [ $kind = gcc ]; then
  precompiled=(-include "$folder/shop.hpp")
else
  precompiled=(-include-pch "$folder/shop.pch")
fi

fail() {
  printf '%s\n' "$1" "--- $source" "$2"
  exit 1
}

out=$("$@" "${precompiled[@]}" -fsyntax-only "$source" 2>&1) || fail "the right version does not compile" "$out"
out=$("$@" "${precompiled[@]}" -fsyntax-only -DMMREC_KO "$source" 2>&1) && fail "the wrong version compiles" "$out"

# -Werror turns warnings into errors; the count is of both.
errors=$(printf '%s\n' "$out" | grep -cE ': (fatal )?error: ')
[ "$errors" = 1 ] || fail "one mistake gave $errors errors" "$out"

expected=$(sed -nE "s#^// expect(-$kind)?: ##p" "$source")
[ -n "$expected" ] || fail "no '// expect: REGEX' line" ""
while IFS= read -r pattern; do
  printf '%s\n' "$out" | grep -qE -- "$pattern" || fail "the message does not match: $pattern" "$out"
done <<<"$expected"

lines=$(printf '%s\n' "$out" | wc -l)
[ "$lines" -le 40 ] || fail "one mistake gave $lines lines of diagnostics" "$out"
echo "one error, $lines lines"

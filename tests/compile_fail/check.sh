#!/bin/bash
# One mistake, one error, and the error names the culprit.
#
# check.sh SOURCE COMPILER FLAGS...
#
# Compiles SOURCE twice: as it is it has to compile, and with -DMMREC_KO, which switches the mistake on, it has to give
# exactly one error whose text matches every `// expect: REGEX` line of the source (extended regular expressions; use
# `// expect-gcc:` and `// expect-clang:` where the compilers word it differently), in at most 40 lines of diagnostics.
set -u
export LC_ALL=C
source=$1
shift
kind=gcc
case "$1" in *clang*) kind=clang ;; esac

fail() {
  printf '%s\n' "$1" "--- $source" "$2"
  exit 1
}

out=$("$@" -fsyntax-only "$source" 2>&1) || fail "the right version does not compile" "$out"
out=$("$@" -fsyntax-only -DMMREC_KO "$source" 2>&1) && fail "the wrong version compiles" "$out"

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

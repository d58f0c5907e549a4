#!/bin/sh
# record.sh FOLDER COMMAND...: runs a CUDA compiler; what its assembler says of each kernel goes to a file in FOLDER, named
# after the object, all else where it was to go.
set -u
folder=$1
shift
object=
previous=
for argument in "$@"; do
  [ "$previous" = -o ] && object=$argument
  previous=$argument
done
mkdir -p "$folder"
log=$folder/$(basename "$object").log
"$@" 2>"$log"
status=$?
grep -vE '^ptxas info|^ +[0-9]+ bytes stack frame|^$' "$log" >&2
exit $status

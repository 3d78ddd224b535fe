#!/bin/sh
# clang-tidy with the checks of .clang-tidy, on every source of the houses.
set -u
. tools/check/files.sh
c_files $houses | grep '\.c$' |
	xargs -r -P "$jobs" -n 4 sh -c 'clang-tidy --quiet "$@" -- '"$clang_flags"' 2>/dev/null' tidy

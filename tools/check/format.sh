#!/bin/sh
# Formatting is what clang-format says; 'tools/check/format.sh --fix' applies it.
set -u
. tools/check/files.sh
files=$(c_files $houses tests/unit tests/fuzz)
[ -n "$files" ] || exit 0
if [ "${1-}" = --fix ]; then
	# shellcheck disable=SC2086
	exec clang-format -i $files
fi
# shellcheck disable=SC2086
clang-format --dry-run -Werror $files 2>&1 | grep 'error:' | cut -d: -f1 | sort | uniq -c |
	sed 's|^ *\([0-9]*\) \(.*\)|\2: \1 places differ; tools/check/format.sh --fix applies them|' |
	{ ! grep .; }

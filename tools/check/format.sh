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
# The tree is as version 14 (Debian 12) has it, which takes "(x) & 7" in a macro for a cast of "&7". Later ones
# (Debian 13: 19) know better, so their word on blanks in #define lines does not count.
if [ "$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')" -gt 14 ]; then
	without_blanks() { sed '/^#define/s/[[:blank:]]//g'; }
	expected=$(mktemp) found=$(mktemp) status=0
	for file in $files; do
		clang-format "$file" | without_blanks >"$expected"
		without_blanks <"$file" >"$found"
		diff "$found" "$expected" >/dev/null && continue
		echo "$file: $(diff "$found" "$expected" | grep -c '^[0-9]') places differ; look at: clang-format $file | diff $file -"
		status=1
	done
	rm -f "$expected" "$found"
	exit $status
fi
# shellcheck disable=SC2086
clang-format --dry-run -Werror $files 2>&1 | grep 'error:' | cut -d: -f1 | sort | uniq -c |
	sed 's|^ *\([0-9]*\) \(.*\)|\2: \1 places differ; tools/check/format.sh --fix applies them|' |
	{ ! grep .; }

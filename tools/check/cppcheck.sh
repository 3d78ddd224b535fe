#!/bin/sh
# cppcheck looks across functions and prints what it is sure of. Symbols of the linker script are
# parts of one object, which it cannot know, and it misreads 'a ?: b' and addresses taken in
# conditions: these are off, gcc and clang-tidy look for the same. That it looks
# at the usual depth only is no finding.
set -u
. tools/check/files.sh
folders=
for folder in $houses; do
	[ ! -d "$folder" ] || folders="$folders $folder"
done
# shellcheck disable=SC2086
exec cppcheck --quiet -j "$jobs" --std=c11 --platform=unix64 --enable=warning,performance,portability \
	--inline-suppr --error-exitcode=1 -I. -Iguests/lib -D__x86_64__ -DCOPPICE_COUNTERS=0 -D__GNUC__=12 -D__SIZEOF_INT128__=16 \
	--suppress=comparePointers --suppress=subtractPointers --suppress=normalCheckLevelMaxBranches --suppress=selfAssignment --suppress=constStatement \
	--suppress=uninitvar --suppress=arrayIndexThenCheck --suppress=missingIncludeSystem --suppress=unmatchedSuppression --suppress=preprocessorErrorDirective \
	$folders

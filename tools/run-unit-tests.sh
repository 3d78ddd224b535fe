#!/bin/sh
# Run the unit-test programs below DIR whose path contains FILTER and sum up.
# usage: run-unit-tests.sh DIR [FILTER]
set -u
dir=$1
filter=${2-}
programs=0
failed=
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"

# The list comes from the sources: a program left over from a deleted test must not run.
for source in tests/unit/*/test_*.c; do
	name=${source#tests/unit/}
	name=${name%.c}
	case $name in *"$filter"*) ;; *) continue ;; esac
	[ -x "$dir/$name" ] || continue
	programs=$((programs + 1))
	echo "== $name"
	"$dir/$name" 2>&1 || failed="$failed $name"
done

if [ "$programs" -eq 0 ]; then
	echo "unit tests: none matches '$filter' (looked for tests/unit/<area>/test_*.c)" >&2
	exit 1
fi
if [ -n "$failed" ]; then
	echo "unit tests: $programs programs run, FAILED:$failed"
	exit 1
fi
echo "unit tests: $programs programs run, all passed"

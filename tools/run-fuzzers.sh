#!/bin/sh
# Run every fuzzer below DIR for SECONDS each; a finding is kept and fails the run.
# usage: run-fuzzers.sh DIR SECONDS [FILTER]
set -u
dir=$1
seconds=$2
filter=${3-}
failed=
count=0
for source in tests/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c)
	case $name in *"$filter"*) ;; *) continue ;; esac
	[ -x "$dir/$name" ] || continue
	count=$((count + 1))
	mkdir -p "$dir/$name.corpus" "$dir/$name.findings"
	seeds=
	[ -d "tests/fuzz/corpus/$name" ] && seeds=tests/fuzz/corpus/$name
	echo "== $name, $seconds s"
	# shellcheck disable=SC2086  # no seeds is no argument
	"$dir/$name" -max_total_time="$seconds" -print_final_stats=1 -verbosity=0 -close_fd_mask=1 \
		-artifact_prefix="$dir/$name.findings/" "$dir/$name.corpus" $seeds || failed="$failed $name"
done
if [ "$count" -eq 0 ]; then
	echo "fuzz: none matches '$filter' (looked for tests/fuzz/fuzz_*.c)" >&2
	exit 1
fi
if [ -n "$failed" ]; then
	echo "fuzz: $count programs, FAILED:$failed; the inputs are in $dir/<name>.findings/"
	exit 1
fi
echo "fuzz: $count programs, $seconds s each, no finding"

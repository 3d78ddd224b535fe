#!/bin/sh
# All static checks, each to its end, and what they found.
# usage: all.sh [NAME...]      e.g. all.sh format layering
set -u
cd "$(dirname "$0")/../.." || exit 2
failed=

check() {
	name=$1
	shift
	case " $wanted " in *" $name "*) ;; *) return 0 ;; esac
	log=$(mktemp)
	if "$@" >"$log" 2>&1; then
		echo "check: $name: clean"
	else
		failed="$failed $name"
		echo "check: $name: FAILED"
		sed 's/^/    /' "$log" | head -n 60
	fi
	rm -f "$log"
}

wanted=${*:-format layering headers sizes docs python shell cppcheck tidy}
check format tools/check/format.sh
check layering /usr/bin/python3 tools/check/layering.py
check headers tools/check/headers.sh
check sizes /usr/bin/python3 tools/check/sizes.py
check docs /usr/bin/python3 tools/check/walkthrough.py
check python /usr/bin/python3 -c '
import ast, pathlib
for top in ("tools", "tests"):
    for path in pathlib.Path(top).rglob("*.py"):
        ast.parse(path.read_text(), str(path))
'
check shell sh -c 'for f in tools/*.sh tools/check/*.sh .ci/run tests/target/*.sh; do
	case $(head -n 1 "$f") in *bash) bash -n "$f" ;; *) sh -n "$f" ;; esac || exit 1; done'
check cppcheck tools/check/cppcheck.sh
check tidy tools/check/tidy.sh

if [ -n "$failed" ]; then
	echo "check: failed:$failed"
	exit 1
fi
echo "check: all clean"

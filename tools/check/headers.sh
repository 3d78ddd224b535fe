#!/bin/sh
# Each header compiles alone: whoever includes it needs nothing before it.
set -u
. tools/check/files.sh
alone=$(mktemp)
trap 'rm -f "$alone"' EXIT
cat >"$alone" <<'EOF'
header=$1
shift
output=$(printf '#include "%s"\n' "$header" | gcc "$@" -x c - 2>&1) && exit 0
echo "$header does not compile alone:"
echo "$output" | head -n 3
exit 1
EOF
flags="-std=gnu17 -ffreestanding -mgeneral-regs-only -Wall -Wextra -Werror -fsyntax-only -DCOPPICE_COUNTERS=0 -I. -Iguests/lib"
# shellcheck disable=SC2086
c_files $houses | grep '\.h$' | xargs -r -P "$jobs" -I '{}' sh "$alone" '{}' $flags $uefi_flags

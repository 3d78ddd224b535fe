#!/bin/sh
# Each header compiles alone: whoever includes it needs nothing before it.
set -u
. tools/check/files.sh
failed=0
for header in $(c_files $houses | grep '\.h$'); do
	output=$(printf '#include "%s"\n' "$header" |
		gcc -std=gnu17 -ffreestanding -mgeneral-regs-only -Wall -Wextra -Werror -fsyntax-only -DCOPPICE_COUNTERS=0 \
			-I. -Iguests/lib $uefi_flags -x c - 2>&1) && continue
	failed=1
	echo "$header does not compile alone:"
	echo "$output" | head -n 3
done
exit $failed

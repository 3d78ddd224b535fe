#!/bin/sh
# clang-tidy with the checks of .clang-tidy, on every source of the houses. What it has found clean
# it need not see again: a stamp in build/tidy/ stands for a source with all that it includes
# (comments too, since NOLINT is one), the flags, the checks and the version.
set -u
. tools/check/files.sh
stamps=${BUILD:-build}/tidy
version=$(clang-tidy --version && cat .clang-tidy)
export clang_flags stamps version
mkdir -p "$stamps"
one=$(mktemp)
trap 'rm -f "$one"' EXIT
cat >"$one" <<'EOF'
# shellcheck disable=SC2086
text=$(gcc -E -C $clang_flags "$1" 2>/dev/null) || text=
hash=$(printf '%s\n%s\n%s' "$text" "$clang_flags" "$version" | sha256sum | cut -d' ' -f1)
[ -z "$text" ] || [ ! -e "$stamps/$hash" ] || exit 0
# shellcheck disable=SC2086
clang-tidy --quiet "$1" -- $clang_flags 2>/dev/null && : >"$stamps/$hash"
EOF
c_files $houses | grep '\.c$' | xargs -r -P "$jobs" -I '{}' sh "$one" '{}'

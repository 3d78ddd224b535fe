#!/bin/sh
# Install the Debian packages that a purpose needs, and only those that are missing.
#
#   tools/setup-packages.sh PURPOSE...      e.g.  tools/setup-packages.sh build run
#   tools/setup-packages.sh --list PURPOSE...     print the names, install nothing
#
# Works on Debian 12 and 13, as root without sudo, else through sudo for apt alone.
# With COPPICE_NO_SETUP=1 nothing is installed: what is missing is named and the exit status is 1.
set -eu

packages_of() {
	case $1 in
	build)  echo make gcc libc6-dev binutils nasm acpica-tools gnu-efi ;;
	target) echo dpkg-dev patch xz-utils make gcc libc6-dev ninja-build pkg-config python3 python3-venv \
		     libglib2.0-dev libslirp-dev libfdt-dev zlib1g-dev seabios ovmf ipxe-qemu ;;
	run)    echo python3 grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools ovmf seabios ;;
	test)   echo libcmocka-dev python3-pytest python3-jsonschema pciutils e2fsprogs ;;
	fuzz)   echo clang "$(clang_runtime)" ;;
	check)  echo clang-format clang-tidy cppcheck python3 libcmocka-dev ;;
	bochs)  echo bochs bochsbios vgabios ;;
	kvm)    echo qemu-system-x86 ;;
	*)      echo "setup-packages: no purpose '$1'; expected build, target, run, test, fuzz," \
		     "check, bochs or kvm" >&2
		exit 2 ;;
	esac
}

# The sanitizer and fuzzer libraries of clang have its version in their name:
# libclang-rt-14-dev on Debian 12, libclang-rt-19-dev on Debian 13.
clang_runtime() {
	version=$(apt-cache depends clang 2>/dev/null |
		sed -n 's/^ *Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
	if [ -n "$version" ]; then
		echo "libclang-rt-$version-dev"
	fi
}

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		env "$@"
	elif command -v sudo >/dev/null; then
		sudo env "$@"
	else
		echo "setup-packages: installing needs root, and there is no sudo here;" \
		     "as root, run: apt-get install $missing" >&2
		exit 1
	fi
}

list_only=no
if [ "${1-}" = --list ]; then
	list_only=yes
	shift
fi
[ $# -gt 0 ] || { echo "usage: $0 [--list] PURPOSE..." >&2; exit 2; }

missing=
for purpose in "$@"; do
	names=$(packages_of "$purpose")
	if [ $list_only = yes ]; then
		echo "$names" | tr ' ' '\n'
		continue
	fi
	for name in $names; do
		case " $missing " in *" $name "*) continue ;; esac
		is_installed "$name" || missing="$missing $name"
	done
done
missing=${missing# }
[ $list_only = no ] && [ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "setup-packages: this is no Debian (no apt-get). Install what your system calls:" \
	     "$missing" >&2
	exit 1
fi
if [ "${COPPICE_NO_SETUP-0}" = 1 ]; then
	echo "setup-packages: missing for '$*': $missing (COPPICE_NO_SETUP=1: not installed)" >&2
	exit 1
fi

log=${XDG_CACHE_HOME:-$HOME/.cache}/coppice/setup-packages.log
mkdir -p "${log%/*}"
echo "setup-packages: installing for '$*': $missing"

install_missing() {
	# shellcheck disable=SC2086  # a list of names on purpose
	as_root DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -q -y \
		--no-install-recommends install $missing </dev/null >"$log" 2>&1
}

# The package lists may be old or (in a fresh container) absent: refresh them only if needed.
if ! install_missing; then
	as_root apt-get -o DPkg::Lock::Timeout=600 -q update >"$log.update" 2>&1 || {
		echo "setup-packages: apt-get update failed; the end of $log.update:" >&2
		tail -n 5 "$log.update" >&2
		exit 1
	}
	install_missing || {
		echo "setup-packages: apt-get install failed; the end of $log:" >&2
		tail -n 8 "$log" >&2
		exit 1
	}
fi

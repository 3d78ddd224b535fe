#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Put stock Debian kernels, and initial RAM disks with their own modules, into a folder.
#
#   tools/linux/prepare.sh FOLDER SERIES...     SERIES: 6.1 (Debian 12), 6.12 (Debian 13)
#
# WITH_KEXEC=1 puts the kernel itself and a program that starts it into the RAM disk.
#
# makes FOLDER/vmlinuz-SERIES and FOLDER/initrd-SERIES.img. The packages come by apt-get download from
# the user's own mirror, are checked with the user's own keyring, unpacked and never installed or
# rebuilt; no root needed. They stay in ${XDG_CACHE_HOME:-~/.cache}/coppice/linux-SERIES.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/coppice
modules="igbvf 8021q nvme msr crc32c_generic ext4"
[ $# -ge 2 ] || { echo "usage: $0 FOLDER SERIES..." >&2; exit 2; }
folder=$1
shift

suite_of() {
	case $1 in
	6.1)  echo bookworm ;;
	6.12) echo trixie ;;
	*)    echo "prepare: no kernel series '$1'; expected 6.1 or 6.12" >&2; exit 2 ;;
	esac
}

# An apt of our own for a suite that is not the system's: its lists and cache are in $1/apt.
private_apt() {
	apt=$1/apt
	mkdir -p "$apt/sources" "$apt/lists/partial" "$apt/archives/partial"
	/usr/bin/python3 "$root/tests/target/debian-source.py" "$2" deb >"$apt/sources/linux.sources"
	cat >"$apt/apt.conf" <<-CONF
		Dir::Etc::sourcelist "/dev/null";
		Dir::Etc::sourceparts "$apt/sources";
		Dir::State::lists "$apt/lists";
		Dir::Cache "$apt";
		APT::Sandbox::User "root";
		APT::Get::List-Cleanup "false";
		Acquire::Languages "none";
		APT::Default-Release "";
	CONF
	APT_CONFIG=$apt/apt.conf
	export APT_CONFIG
	apt-get -q update
}

# The package behind the meta package linux-image-amd64.
kernel_package() {
	apt-cache depends --no-recommends --no-suggests linux-image-amd64 |
		sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1
}

# Into $work/debs, from the apt that is set up.
download() {
	package=$(kernel_package)
	[ -n "$package" ] && (cd "$work/debs" && apt-get -q download "$package" busybox-static)
}

# Into $1: vmlinuz, busybox, modules/.
fetch() (
	work=$1.new
	suite=$(suite_of "$2")
	rm -rf "$work"
	mkdir -p "$work/debs" "$work/tree"
	# The system's own lists may be of another suite, absent, or older than the archive: then lists of
	# our own, which need no root.
	own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	if ! { [ "$own" = "$suite" ] && download; }; then
		private_apt "$work" "$suite"
		download || { echo "prepare: no linux-image-amd64 of $suite to be had" >&2; exit 1; }
	fi
	for deb in "$work"/debs/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work/tree" --wildcards --no-wildcards-match-slash \
			--anchored './boot/vmlinuz-*' './bin/busybox' './usr/bin/busybox' \
			'./lib/modules/*/kernel' './usr/lib/modules/*/kernel' 2>/dev/null || true
	done
	mv "$work"/tree/boot/vmlinuz-* "$work/vmlinuz"
	find "$work/tree" -path '*bin/busybox' -type f -exec mv {} "$work/busybox" \;
	mv "$(find "$work/tree" -path '*lib/modules/*/kernel' -type d -prune | head -n 1)" "$work/modules"
	# What no guest here can have a device for.
	rm -rf "$work/tree" "$work/debs" "$work/apt" "$work/modules/sound"
	for unused in gpu media staging infiniband usb wireless iio hid input scsi; do
		rm -rf "$work/modules/drivers/$unused" "$work/modules/drivers/net/$unused"
	done
	echo "$package" >"$work/package"
	mv "$work" "$1"
)

mkdir -p "$folder" "$cache"
for series in "$@"; do
	suite_of "$series" >/dev/null
	home=$cache/linux-$series
	(
		flock 9
		[ -f "$home/package" ] || fetch "$home" "$series"
	) 9>"$home.lock"
	cp "$home/vmlinuz" "$folder/vmlinuz-$series"
	more=
	if [ -n "${WITH_KEXEC-}" ]; then
		gcc -static -O2 -Wall -Wextra -o "$folder/kexec" "$here/kexec.c"
		more="--file boot/vmlinuz=$home/vmlinuz --file bin/kexec=$folder/kexec"
	fi
	# shellcheck disable=SC2086  # lists of words on purpose
	"$here/make_initrd.py" $more --busybox "$home/busybox" --modules "$home/modules" \
		--scripts "$root/guests/linux" --output "$folder/initrd-$series.img" $modules
	echo "prepare: $(cat "$home/package") in $folder/vmlinuz-$series, initrd-$series.img"
done

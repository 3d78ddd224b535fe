#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build the QEMU with VT-x in TCG that Coppice is tested on, once, into the user's cache.
#
#   build-target.sh            build and install it if it is not there; prints where it is
#   build-target.sh --print    print the path of the installed qemu-system-x86_64, or fail
#
# QEMU_TARBALL=FILE  use an upstream qemu-10.0.x tarball instead of Debian's source package
#
# Everything happens in $CACHE/target-<id>.partial; the finished installation is renamed to
# $CACHE/target-<id>-<version>.. in one step, so that it is there as a whole or not at all. A
# build that was interrupted or failed goes on from its last finished step.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/coppice
PYTHON=${COPPICE_PYTHON:-/usr/bin/python3}
WANTED_VERSION='10\.0\.[0-9]+'
# Suites of Debian that have QEMU 10.0 and Meson >= 1.5, in order of preference.
SUITES="trixie bookworm-backports"
CONFIGURE_OPTIONS=(
	--target-list=x86_64-softmmu --without-default-features --enable-tcg --enable-fdt=system
	--enable-slirp --enable-plugins --enable-trace-backends=log --disable-docs --disable-tools
	--disable-install-blobs --disable-werror --disable-download --disable-debug-info
)
PLUGINS="execlog hotblocks howvec"

say() { echo "target: $*"; }

# fail STEP LOG TEXT: the one way to give up.
fail() {
	{
		echo "target: step '$1' failed: $3"
		if [ -s "$2" ]; then
			echo "target: the end of $2:"
			tail -n 12 "$2" | sed 's/^/    /'
		fi
		echo "target: nothing was installed; 'make target' again goes on from this step"
	} >&2
	exit 1
}

# What the result depends on besides the source: patches, recipe and options.
recipe_id() {
	local patches
	patches=$(sed 's/#.*//' "$HERE/patches/series")
	(cd "$HERE/patches" && cat series $patches && echo "${CONFIGURE_OPTIONS[*]} $PLUGINS") |
		sha256sum | cut -c1-12
}

tarball_version() {
	basename "$QEMU_TARBALL" | sed -n "s/^qemu-\($(echo "$WANTED_VERSION" | sed 's/+/\\+/g')\)\.tar.*/\1/p"
}

# The installation that this recipe has made before, if any. It must run no apt to find it.
find_installed() {
	local stamp
	for stamp in "$CACHE"/target-*/stamp; do
		[ -f "$stamp" ] || continue
		grep -qx "recipe=$RECIPE" "$stamp" || continue
		if [ -n "${QEMU_TARBALL-}" ] && ! grep -qx "source=upstream-$(tarball_version)" "$stamp"; then
			continue
		fi
		echo "${stamp%/stamp}"
		return 0
	done
	return 1
}

# step NAME TEXT FUNCTION: run a step unless an earlier call has finished it.
step() {
	local name=$1 text=$2 function=$3
	LOG=$WORK/log/$name.log
	[ -e "$WORK/done.$name" ] && return 0
	say "$text"
	"$function"
	touch "$WORK/done.$name"
}

# A private view of apt: own source list, own index and cache; the user's is only read.
write_apt_view() {
	local suite=$1 apt=$WORK/apt
	mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/sources"
	"$HERE/debian-source.py" "$suite" deb deb-src >"$apt/sources/target.sources" 2>>"$LOG" ||
		fail fetch "$LOG" "no Debian mirror to fetch the source from"
	if [ -d "$WORK/keyring" ]; then
		sed -i "s|^Signed-By:.*|Signed-By: $WORK/keyring/usr/share/keyrings/debian-archive-keyring.gpg|" \
			"$apt/sources/target.sources"
	fi
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
}

private_apt() { APT_CONFIG=$WORK/apt/apt.conf "$@" >>"$LOG" 2>&1; }

# The keys of a newer Debian may be missing in an old keyring: take them from the keyring package
# of the user's own release, which the user's own keys vouch for.
fetch_newer_keyring() {
	mkdir -p "$WORK/keyring.deb"
	(cd "$WORK/keyring.deb" && apt-get download debian-archive-keyring) >>"$LOG" 2>&1 &&
		dpkg-deb -x "$WORK"/keyring.deb/*.deb "$WORK/keyring" >>"$LOG" 2>&1
}

update_index() {
	write_apt_view "$1"
	private_apt apt-get -o APT::Update::Error-Mode=any update && return 0
	if [ ! -d "$WORK/keyring" ] && grep -q NO_PUBKEY "$LOG" && fetch_newer_keyring; then
		write_apt_view "$1"
		private_apt apt-get -o APT::Update::Error-Mode=any update && return 0
	fi
	return 1
}

# The newest 10.0.x source version in the private index.
newest_source() {
	APT_CONFIG=$WORK/apt/apt.conf apt-cache showsrc qemu 2>>"$LOG" |
		sed -n 's/^Version: //p' | grep -E "^([0-9]+:)?$WANTED_VERSION[^0-9]" | sort -V | tail -n 1
}

fetch_debian() {
	local suite version
	for suite in $SUITES; do
		update_index "$suite" || { say "$suite is not to be had from your mirror"; continue; }
		version=$(newest_source) || version=
		[ -n "$version" ] || { say "$suite has no qemu 10.0.x"; continue; }
		mkdir -p "$WORK/download"
		(cd "$WORK/download" &&
			private_apt apt-get source --download-only --only-source "qemu=$version") || continue
		(cd "$WORK/download" && private_apt apt-get download meson) || continue
		echo "debian-$version" >"$WORK/version"
		return 0
	done
	fail fetch "$LOG" "expected qemu 10.0.x and meson in one of: $SUITES; found none. \
Without Debian's archive: make target QEMU_TARBALL=qemu-10.0.x.tar.xz"
}

# Before there is a folder for it: what belongs to another tarball must not be gone on with.
check_tarball() {
	[ -n "$(tarball_version)" ] ||
		fail fetch /dev/null "QEMU_TARBALL=$QEMU_TARBALL: expected a file named qemu-10.0.x.tar.*"
	[ -r "$QEMU_TARBALL" ] || fail fetch /dev/null "QEMU_TARBALL=$QEMU_TARBALL: cannot read it"
}

fetch_source() {
	rm -rf "$WORK/download" "$WORK/version"
	if [ -n "${QEMU_TARBALL-}" ]; then echo "$KIND" >"$WORK/version"; else fetch_debian; fi
	say "source: $(cat "$WORK/version")"
}

unpack_source() {
	rm -rf "$WORK/src"
	if [ -n "${QEMU_TARBALL-}" ]; then
		mkdir "$WORK/src"
		tar -C "$WORK/src" --strip-components=1 -xf "$QEMU_TARBALL" >"$LOG" 2>&1 ||
			fail unpack "$LOG" "cannot unpack $QEMU_TARBALL"
		# Only QEMU's functional tests need pycotap; Debian's source has this line out, too.
		sed -i 's/^pycotap/#&/' "$WORK/src/pythondeps.toml"
	else
		# apt has verified the files against the signed index.
		dpkg-source --no-check -x "$WORK"/download/qemu_*.dsc "$WORK/src" >"$LOG" 2>&1 ||
			fail unpack "$LOG" "dpkg-source cannot unpack the source package"
	fi
	local patch
	for patch in $(sed 's/#.*//' "$HERE/patches/series"); do
		patch -d "$WORK/src" -p1 --no-backup-if-mismatch <"$HERE/patches/$patch" >>"$LOG" 2>&1 ||
			fail unpack "$LOG" "$patch does not apply to $(cat "$WORK/version")"
	done
}

# Meson is a Python package: unpacked it is used from where it lies, the user's stays as it is.
unpack_meson() {
	local deb
	for deb in "$WORK"/download/meson_*.deb; do
		[ -f "$deb" ] || continue
		dpkg-deb -x "$deb" "$WORK/meson" >"$LOG" 2>&1 || fail meson "$LOG" "cannot unpack $deb"
	done
}

in_build() {
	(cd "$WORK/build" && PATH=$WORK/meson/usr/bin:$PATH \
		PYTHONPATH=$WORK/meson/usr/lib/python3/dist-packages "$@")
}

configure_source() {
	rm -rf "$WORK/build"
	mkdir "$WORK/build"
	in_build ../src/configure --python="$PYTHON" --prefix="$FINAL" "${CONFIGURE_OPTIONS[@]}" \
		--firmwarepath="$FINAL/share/qemu:/usr/share/qemu:/usr/share/seabios:/usr/lib/ipxe/qemu" \
		>"$LOG" 2>&1 || fail configure "$LOG" "QEMU's configure gave up"
}

# Show ninja's [n/m]: on a terminal every line over the last, else every hundredth.
show_progress() {
	local line last=
	while IFS= read -r line; do
		echo "$line" >>"$LOG"
		[[ $line == \[*/*\]* ]] || continue
		last=${line%%]*}]
		if [ -t 1 ]; then
			printf '\rtarget: %s' "$last"
		elif [[ $last == *00/* ]]; then
			say "$last"
		fi
	done
	[ ! -t 1 ] || echo
	say "${last:-nothing left to compile}"
}

# What -kernel and the local APIC want. QEMU's configure leaves them out where gcc has no 32-bit
# libraries, which they do not need.
build_option_roms() {
	local dir=$WORK/build/pc-bios/optionrom
	mkdir -p "$dir"
	printf '%s\n' "TOPSRC_DIR=$WORK/src" "CC=gcc" "OBJCOPY=objcopy" "PYTHON=$PYTHON" >"$dir/config.mak"
	make -C "$dir" -f "$WORK/src/pc-bios/optionrom/Makefile"
}

build_source() {
	local plugin targets=()
	for plugin in $PLUGINS; do targets+=("contrib/plugins/lib$plugin.so"); done
	: >"$LOG"
	in_build ninja qemu-system-x86_64 "${targets[@]}" 2>&1 | show_progress ||
		fail build "$LOG" "the compiler gave up"
	build_option_roms >>"$LOG" 2>&1 || fail build "$LOG" "the option ROMs gave up"
	# The instruction counter is among QEMU's tests, which the build leaves out.
	# shellcheck disable=SC2046  # flags, word by word
	gcc -O2 -shared -fPIC -I"$WORK/src/include/qemu" $(pkg-config --cflags glib-2.0) \
		-o "$WORK/build/libinsn.so" "$WORK/src/tests/tcg/plugins/insn.c" \
		$(pkg-config --libs glib-2.0) >>"$LOG" 2>&1 || fail build "$LOG" "the insn plugin"
}

stage_result() {
	local stage=$WORK/stage
	rm -rf "$stage"
	mkdir -p "$stage/bin" "$stage/share/qemu" "$stage/lib/plugins"
	{
		install -s -m 755 "$WORK/build/qemu-system-x86_64" "$stage/bin/"
		install -m 644 "$WORK"/build/pc-bios/optionrom/*.bin "$stage/share/qemu/"
		install -m 644 "$WORK"/build/contrib/plugins/*.so "$WORK/build/libinsn.so" \
			"$stage/lib/plugins/"
		install -m 644 "$WORK/src/COPYING" "$stage/share/"
	} >"$LOG" 2>&1 || fail install "$LOG" "cannot copy the result to $stage"
	printf 'recipe=%s\nsource=%s\n' "$RECIPE" "$(cat "$WORK/version")" >"$stage/stamp"
}

# Never publish a target whose VT-x does not run a guest.
verify_result() {
	make -C "$HERE/smoke" BUILD="$WORK/smoke" QEMU="$WORK/stage/bin/qemu-system-x86_64" \
		FIRMWARE="$WORK/stage/share/qemu" run >"$LOG" 2>&1 ||
		fail verify "$LOG" "the smoke test (tests/target/smoke) found no working VT-x"
}

publish_result() {
	mkdir -p "$WORK/stage/log"
	cp "$WORK"/log/*.log "$WORK/stage/log/"
	rm -rf "$FINAL"
	mv "$WORK/stage" "$FINAL"
	rm -rf "$WORK"
}

RECIPE=$(recipe_id)
if installed=$(find_installed); then
	[ "${1-}" = --print ] && echo "$installed/bin/qemu-system-x86_64" || say "ready: $installed"
	exit 0
fi
[ "${1-}" != --print ] || exit 1

mkdir -p "$CACHE"
exec 9>"$CACHE/target.lock"
flock -n 9 || { say "another build is under way; waiting for it"; flock 9; }
if installed=$(find_installed); then
	say "ready: $installed"
	exit 0
fi

KIND=debian
if [ -n "${QEMU_TARBALL-}" ]; then
	check_tarball
	KIND=upstream-$(tarball_version)
fi
WORK=$CACHE/target-$RECIPE.partial-$KIND
mkdir -p "$WORK/log"
started=$SECONDS
"$ROOT/tools/setup-packages.sh" target
step fetch "fetching QEMU's source and Meson" fetch_source
FINAL=$CACHE/target-$(cat "$HERE/patches/series" "$WORK/version" <(echo "$RECIPE") | sha256sum | cut -c1-12)
step unpack "unpacking and patching" unpack_source
step meson "unpacking Meson" unpack_meson
step configure "configuring" configure_source
step build "compiling (about 3 minutes on 2 cores)" build_source
step install "collecting the result" stage_result
step verify "verifying: VT-x runs 64-bit and real-mode guests" verify_result
publish_result
say "ready after $((SECONDS - started)) s: $FINAL"

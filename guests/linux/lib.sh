# SPDX-License-Identifier: GPL-2.0-only
# Words of the tests' language. Sourced by init.sh.

say() { echo "guest: $*"; }
pass() { echo "PASS $*"; }
fail() { echo "FAIL $*"; failures=$((failures + 1)); }

# check TEXT COMMAND...: PASS or FAIL by the command's status.
check() {
	text=$1
	shift
	if "$@"; then pass "$text"; else fail "$text"; fi
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	left=$(($1 * 5))
	shift
	until "$@" >/dev/null 2>&1; do
		left=$((left - 1))
		[ "$left" -gt 0 ] || return 1
		sleep 0.2
	done
}

# I/O port 0xf4: the status with which power-off ends the VM; reads as the number of restarts.
set_status() { printf "\\$(printf %03o "$1")" | dd of=/dev/port bs=1 seek=244 conv=notrunc 2>/dev/null; }
restarts() { dd if=/dev/port bs=1 skip=244 count=1 2>/dev/null | od -An -tu1 | tr -d ' '; }

# load MODULE: with all that it depends on.
load() {
	while read -r name; do
		grep -q "^$name " /proc/modules || insmod "/lib/modules/$name.ko" || return 1
	done <"/lib/modules/$1.order"
}

# The config space of every device, nearly as 'lspci -F' reads it: lines of zeros are left out.
dump_config() {
	for device in /sys/bus/pci/devices/*; do
		echo "CONFIG ${device##*/} dump"
		hexdump -v -e '"CONFIG %03_ax:" 16/1 " %02x" "\n"' "$device/config" |
			grep -v ':\( 00\)*$'
	done
}

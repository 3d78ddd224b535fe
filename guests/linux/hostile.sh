# SPDX-License-Identifier: GPL-2.0-only
# Root does what root should not. Nothing here may leave the VM; the guest only notes what it got.
device=/sys/bus/pci/devices/0000:00:01.0

# poke OFFSET BYTE: one byte of the VF's config space, as setpci does.
poke() { printf "\\$(printf %03o "$2")" | dd of=$device/config bs=1 seek="$1" conv=notrunc 2>/dev/null; }
ones() { tr '\0' '\377' </dev/zero; }

# Memory decode and bus master on again: a sweep meets the reset bit of the PCIe capability.
revive() { poke 4 6; }

# Bit 15 of Device Control starts a reset: what is written to the function in the 100 ms after it is
# lost, so the bytes behind it get their turn when it is back.
reset_bit_at=169

# Every byte all ones, byte by byte, then all zeros, then as it was.
sweep_config() {
	dd if=$device/config of=/tmp/was bs=1 count=256 2>/dev/null
	ones | dd of=$device/config bs=1 count=256 conv=notrunc 2>/dev/null
	sleep 1
	behind=$((reset_bit_at + 1))
	ones | dd of=$device/config bs=1 seek=$behind count=$((256 - behind)) conv=notrunc 2>/dev/null
	dd if=/dev/zero of=$device/config bs=1 count=256 conv=notrunc 2>/dev/null
	dd if=/tmp/was of=$device/config bs=1 conv=notrunc 2>/dev/null
	revive
	dd if=$device/config of=/tmp/is bs=1 count=256 2>/dev/null
	cmp /tmp/was /tmp/is
}

# MSR NUMBER: what WRMSR of all ones says; the kernel turns #GP into an error.
write_msr() {
	printf '\377\377\377\377\377\377\377\377' |
		dd of=/dev/cpu/0/msr bs=8 seek="$1" oflag=seek_bytes conv=notrunc 2>/dev/null
}

wild_msrs() {
	load msr || return 1
	written=0
	# FEATURE_CONTROL, the microcode loader, SMM base, MTRR_DEF_TYPE, DEBUGCTL, VMX_BASIC, EFER's
	# neighbour, and one that nobody has.
	for msr in 58 121 158 767 473 1152 3221225473 2147483647; do
		if write_msr "$msr"; then
			say "WRMSR $msr was taken"
			written=$((written + 1))
		fi
	done
	[ "$written" = 0 ]
}

# All ones to every I/O port, but for those that end the VM, its status and its console.
wild_ports() {
	for range in 0:243 245:1015 1024:1535 1539:65535; do
		from=${range%:*} to=${range#*:}
		ones | dd of=/dev/port bs=1 seek="$from" count=$((to - from + 1)) conv=notrunc 2>/dev/null
	done
	true
}

# The MSI-X table through /dev/mem: an entry that points at the host's interrupt window and one that
# points at memory.
wild_msix() {
	base=$(awk 'NR == 4 { print $1 }' $device/resource)
	for entry in 0 1 2; do
		devmem $((base + entry * 16)) 32 0xfee00000
		devmem $((base + entry * 16 + 4)) 32 0xffffffff
		devmem $((base + entry * 16 + 8)) 32 0xff
		devmem $((base + entry * 16 + 12)) 32 0
	done
	say "MSI-X table at $base: $(devmem "$base" 32) $(devmem $((base + 8)) 32)"
}

# BARs to where RAM, config space, the I/O APIC and the local APIC are.
wild_bars() {
	for top in 0 0x01 0xe0 0xfe 0xff; do
		poke 19 $((top))
		poke 31 $((top))
		devmem 0xc0000000 32 >/dev/null
	done
	poke 19 192
	poke 31 192
}

reset_function() { echo 1 >$device/reset; }

echo 1 >$device/enable
revive
check "config space is as before when every byte was written" sweep_config
check "BARs can be pointed anywhere" wild_bars
revive
check "the MSI-X table takes anything" wild_msix
check "no MSR off the list takes a value" wild_msrs
check "ports take anything" wild_ports
check "the function can be reset" reset_function
echo 0 >$device/enable # so that the driver finds it as it would at boot
check "the VF still works for its owner" load igbvf
check "the VF has a network interface" wait_for 10 [ -e /sys/class/net/eth0 ]
check "the MAC address is still the one that it was given" [ "$(cat /sys/class/net/eth0/address)" = "$mac" ]
ip link set eth0 up
check "the link comes up" wait_for 30 grep -q 1 /sys/class/net/eth0/carrier

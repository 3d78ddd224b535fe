# SPDX-License-Identifier: GPL-2.0-only
# One stock kernel with VFs of three cards: two networks and a disk, each with the kernel's own driver.
# eth1 goes into a network namespace of its own, so that packets between the two take the wire.
disk=/dev/nvme0n1

# driver_of DEVICE FUNCTION: which driver has it.
driver_of() { basename "$(readlink "/sys/bus/pci/devices/0000:00:0$1.0/driver")"; }
# is_at INTERFACE DEVICE MAC: the VF in this place, with the address from coppice.cfg.
is_at() {
	[ -e "/sys/bus/pci/devices/0000:00:0$2.0/net/$1" ] && [ "$(cat "/sys/class/net/$1/address")" = "$3" ]
}

all_load() { load igbvf && load nvme && load crc32c_generic && load ext4; }

both_interfaces() { [ -e /sys/class/net/eth0 ] && [ -e /sys/class/net/eth1 ]; }

other() { nsenter -t "$other_side" -n "$@"; }

separate() {
	unshare -n sleep 1000 &
	other_side=$!
	sleep 1
	ip link set eth1 netns "$other_side" &&
		ip addr add 10.7.0.1/24 dev eth0 && ip link set eth0 up &&
		other ip addr add 10.7.0.2/24 dev eth1 && other ip link set eth1 up &&
		wait_for 60 ping -c 1 -W 1 10.7.0.2
}

ping_all() {
	result=$(ping -c 20 -i 0.2 -W 2 10.7.0.2 2>&1 | grep 'packets transmitted')
	say "ping: $result"
	echo "$result" | grep -q '20 packets transmitted, 20 packets received'
}

make_file() {
	mkdir -p /mnt && mke2fs -F $disk >/dev/null && mount -t ext4 $disk /mnt &&
		dd if=/dev/urandom of=/mnt/bulk bs=65536 count=32 2>/dev/null
}

# Over the wire and onto the disk, and from the disk it is what was sent.
copy_through() {
	other nc -l -p 5000 -e /bin/dd of=/mnt/copy 2>/dev/null &
	receiver=$!
	sleep 1
	nc -w 20 10.7.0.2 5000 </mnt/bulk
	wait "$receiver"
	umount /mnt && echo 3 >/proc/sys/vm/drop_caches && mount -t ext4 -o ro $disk /mnt || return 1
	say "bulk has SHA-256 $(sha256sum /mnt/bulk | cut -d' ' -f1)"
	cmp /mnt/bulk /mnt/copy && umount /mnt
}

check "all drivers load" all_load
check "both network interfaces are there" wait_for 20 both_interfaces
check "the disk is there" wait_for 30 [ -b $disk ]
check "each VF has its driver" [ "$(driver_of 1) $(driver_of 2) $(driver_of 3)" = "igbvf igbvf nvme" ]
check "eth0 is the first VF, with its MAC address" is_at eth0 1 02:00:00:00:00:01
check "eth1 is the second VF, with its MAC address" is_at eth1 2 02:00:00:00:00:02
dump_config
check "the two interfaces reach each other" separate
check "no ping is lost between them" ping_all
check "the disk takes a file system" make_file
check "what goes over the wire and onto the disk stays what it was" copy_through
grep -E 'eth|nvme' /proc/interrupts

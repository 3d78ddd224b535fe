# SPDX-License-Identifier: GPL-2.0-only
# Two network VFs and an NVMe VF in one guest: the first two talk to each other through the card,
# with a file of the third between them.
disk=/dev/nvme0n1

set_up_disk() {
	load crc32c_generic && load ext4 && mke2fs $disk >/dev/null && mkdir -p /tmp/disk &&
		mount -t ext4 $disk /tmp/disk
}

link_up() { ip link set "$1" up && wait_for 30 grep -q 1 "/sys/class/net/$1/carrier"; }

# Frames between two interfaces of one host stay inside it unless they are addressed by hand: a raw
# ARP request from one is seen by the other.
hears() {
	before=$(cat /sys/class/net/eth1/statistics/rx_packets)
	arping -q -c 5 -I eth0 10.7.0.99 >/dev/null
	after=$(cat /sys/class/net/eth1/statistics/rx_packets)
	say "eth1 has received $before frames before, $after after"
	[ "$after" -ge $((before + 5)) ]
}

from_disk() {
	dd if=/dev/urandom of=/tmp/disk/file bs=65536 count=32 2>/dev/null
	sha256sum </tmp/disk/file >/tmp/sum
	umount /tmp/disk && mount -t ext4 $disk /tmp/disk && sha256sum </tmp/disk/file | cmp - /tmp/sum
}

check "igbvf loads" load igbvf
check "nvme loads" load nvme
check "there are two network interfaces" wait_for 10 [ -e /sys/class/net/eth1 ]
check "there is a disk" wait_for 30 [ -b $disk ]
check "the first link comes up" link_up eth0
check "the second link comes up" link_up eth1
ip addr add 10.7.0.1/24 dev eth0
check "a frame of the first VF reaches the second" hears
check "the disk takes a file system" set_up_disk
check "a file on it is intact" from_disk
umount /tmp/disk
grep -E 'CPU|eth|nvme' /proc/interrupts
dump_config

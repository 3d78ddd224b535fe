# SPDX-License-Identifier: GPL-2.0-only
# Start a second kernel from the first one, while the VF's driver has its queues running. The second has
# no initial RAM disk: it comes as far as looking for its root, panics, and panic=-1 restarts the VM. The
# first kernel of the next start says that all is well.
link_up() {
	ip link set eth0 up && wait_for 30 grep -q 1 /sys/class/net/eth0/carrier
}

check "igbvf loads" load igbvf
check "the VF has a network interface" wait_for 10 [ -e /sys/class/net/eth0 ]
check "the link comes up" link_up
if [ "$(restarts)" = 0 ]; then
	say "starting a second kernel"
	sleep 0.2
	/bin/kexec /boot/vmlinuz "console=ttyS0 tsc=reliable panic=-1 second-kernel"
	fail "the second kernel starts"
fi
check "the VM was restarted by its second kernel" [ "$(restarts)" = 1 ]

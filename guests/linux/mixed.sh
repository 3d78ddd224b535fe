# SPDX-License-Identifier: GPL-2.0-only
# A stock kernel and a small one (guests/vfping, 10.7.0.9), each with a VF of one 82576.
link_up() {
	ip link set eth0 up && wait_for 30 grep -q 1 /sys/class/net/eth0/carrier
}

ping_all() {
	result=$(ping -c "$1" -s "$2" -i 0.1 -W 2 10.7.0.9 2>&1 | grep 'packets transmitted')
	say "ping of $2 bytes: $result"
	echo "$result" | grep -q "$1 packets transmitted, $1 packets received"
}

check "igbvf loads" load igbvf
check "the VF has a network interface" wait_for 10 [ -e /sys/class/net/eth0 ]
check "the link comes up" link_up
ip addr add 10.7.0.1/24 dev eth0
check "the small kernel answers" wait_for 30 ping -c 1 -W 1 10.7.0.9
check "every short ping comes back" ping_all 20 56
check "every long ping comes back" ping_all 20 1400

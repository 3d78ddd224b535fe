# SPDX-License-Identifier: GPL-2.0-only
# Two stock kernels, an 82576 VF each, both with their own igbvf. role=a stays; role=b reboots in the
# middle. 10.7.0.1 is a, 10.7.0.2 is b; VLAN 7 has 10.8.0.0/24.
bytes=${bytes-1048576}
case ${role-a} in
a) me=1 peer=2 ;;
*) me=2 peer=1 ;;
esac

link_up() {
	ip link set eth0 up && wait_for 30 grep -q 1 /sys/class/net/eth0/carrier
}

answers() { ping -c 1 -W 1 "$1"; }

# ping_all COUNT ADDRESS: every echo comes back.
ping_all() {
	result=$(ping -c "$1" -i 0.2 -W 2 "$2" 2>&1 | grep 'packets transmitted')
	say "ping $2: $result"
	echo "$result" | grep -q "$1 packets transmitted, $1 packets received"
}

bring_up() {
	check "igbvf loads" load igbvf
	check "the VF has a network interface" wait_for 10 [ -e /sys/class/net/eth0 ]
	check "the link comes up" link_up
	ip addr add "10.7.0.$me/24" dev eth0
}

interrupts() { grep eth0 /proc/interrupts; }

# fires_on CPU: how often the receive interrupt came to this CPU.
fires_on() { awk -v column=$(($1 + 2)) '/eth0-rx-0/ { print $column }' /proc/interrupts; }

# The receive interrupt follows when the guest sends it to another CPU, and comes back.
affinity() {
	irq=$(awk -F: '/eth0-rx-0/ { print $1 + 0 }' /proc/interrupts)
	for cpu in 1 0; do
		echo "$cpu" >"/proc/irq/$irq/smp_affinity_list"
		answers "10.7.0.$peer" # the change is made at the next interrupt
		before=$(fires_on "$cpu")
		ping_all 5 "10.7.0.$peer" || return 1
		say "interrupt $irq on CPU $cpu: $before before, $(fires_on "$cpu") after 5 pings"
		[ "$(fires_on "$cpu")" -ge $((before + 5)) ] || return 1
	done
}

# Who sends data gets its checksum back.
answer_with_checksums() {
	while :; do
		nc -l -p 5000 -e /bin/sha256sum
	done
}

send_bulk() {
	dd if=/dev/urandom of=/tmp/bulk bs=65536 count=$((bytes / 65536)) 2>/dev/null
	wanted=$(sha256sum </tmp/bulk | cut -d' ' -f1)
	got=$(nc -w 20 "10.7.0.$peer" 5000 </tmp/bulk | cut -d' ' -f1)
	say "sent $bytes bytes, SHA-256 $wanted, the peer received $got"
	[ "$wanted" = "$got" ]
}

packets() {
	cd /sys/class/net/eth0/statistics
	say "packets: $(cat rx_packets) received, $(cat tx_packets) sent"
	cd /
}

# Both meet: each listens on a port of its own, and waits until the other's is there.
meet() {
	nc -l -p "600$1" -e /bin/true </dev/null >/dev/null 2>&1 &
	listener=$!
	wait_for 60 nc -w 1 "10.7.0.$peer" "600$1" -e /bin/true || fail "the peer comes to meeting $1"
	wait "$listener"
}

vlan() {
	load 8021q && ip link add link eth0 name eth0.7 type vlan id 7 &&
		ip addr add "10.8.0.$me/24" dev eth0.7 && ip link set eth0.7 up
}

mac_survives() {
	before=$(cat /sys/class/net/eth0/address)
	ip link set eth0 down
	link_up || return 1
	after=$(cat /sys/class/net/eth0/address)
	say "MAC $before before, $after after"
	[ "$before" = "$after" ]
}

reload_driver() {
	ip link set eth0 down
	rmmod igbvf && [ ! -e /sys/class/net/eth0 ] && load igbvf && wait_for 10 [ -e /sys/class/net/eth0 ] &&
		link_up && ip addr add "10.7.0.$me/24" dev eth0
}

first_life() {
	check "the peer answers" wait_for 60 answers "10.7.0.$peer"
	check "no ping is lost" ping_all 20 "10.7.0.$peer"
	answer_with_checksums &
	server=$!
	sleep 1
	check "bulk data arrives as it was sent" send_bulk
	interrupts
	packets
	meet 1
	[ "$(nproc)" = 1 ] || check "the interrupt follows its affinity" affinity
	kill "$server" 2>/dev/null
	check "a VLAN interface can be made" vlan
	meet 2
	check "no ping is lost on the VLAN" ping_all 5 "10.8.0.$peer"
	meet 3
	ip link del eth0.7
	check "the MAC address survives link down and up" mac_survives
	check "the driver can be unloaded and loaded" reload_driver
	check "the peer answers after that" wait_for 30 answers "10.7.0.$peer"
	meet 4
}

bring_up
dump_config
if [ "$(restarts)" = 0 ]; then
	first_life
	if [ "${role-a}" = b ]; then
		say "rebooting"
		sleep 0.2
		reboot -f
	fi
	sleep 1
fi
check "the peer answers after b's reboot" wait_for 60 answers "10.7.0.$peer"
check "no ping is lost after b's reboot" ping_all 5 "10.7.0.$peer"
meet 5

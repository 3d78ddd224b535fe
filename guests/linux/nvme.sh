# SPDX-License-Identifier: GPL-2.0-only
# A stock kernel with its own nvme driver on an NVMe VF: a file system, files, checksums; driver out
# and in, a reboot (again=1), and all of it is still there. ns=N is the namespace that it should see.
disk=/dev/nvme0n1
block=/sys/block/nvme0n1
bytes=${bytes-2097152}
reads=${reads-64}

bring_up() {
	check "nvme loads" load nvme
	check "the VF has a disk" wait_for 30 [ -b $disk ]
	check "ext4 loads" load_ext4
	controller=$(ls /sys/class/nvme)
	say "$controller: $(cat "/sys/class/nvme/$controller/model"), $(cat $block/size) sectors"
}

# The kernel would have asked modprobe for the checksum.
load_ext4() { load crc32c_generic && load ext4; }

namespaces() { grep -c 'nvme[0-9]*n[0-9]*$' /proc/partitions; }

make_files() {
	mke2fs -F $disk >/dev/null && mount -t ext4 $disk /mnt && cd /mnt || return 1
	dd if=/dev/urandom of=bulk bs=65536 count=$((bytes / 65536)) 2>/dev/null
	for i in 1 2 3 4 5 6 7 8; do
		mkdir "folder$i" && echo "file $i of ${role-a}" >"folder$i/file" || return 1
	done
	sha256sum bulk folder*/file >sums
	cd / && umount /mnt
}

# From the disk and not from what the kernel still has of it.
files_are_whole() {
	echo 3 >/proc/sys/vm/drop_caches
	mount -t ext4 -o "${1-ro}" $disk /mnt && cd /mnt && sha256sum -c sums >/dev/null
	whole=$?
	cd / && umount /mnt && return $whole
}

change_files() {
	mount -t ext4 $disk /mnt && cd /mnt || return 1
	for i in 1 2 3 4; do
		rm -r "folder$i" || return 1
	done
	dd if=/dev/urandom of=bulk bs=4096 seek=16 count=64 conv=notrunc,fsync 2>/dev/null
	sha256sum bulk folder*/file >sums
	cd / && umount /mnt
}

reload_driver() {
	rmmod nvme && [ ! -e $disk ] && load nvme && wait_for 30 [ -b $disk ]
}

# One command each, so that the VM's exits can be counted by command; and one after the other.
read_directly() { dd if=$disk of=/dev/null bs=4096 count="$reads" iflag=direct 2>/dev/null; }

# Admin commands reach the device through the hypervisor; this one asks for the health log.
temperature() {
	for input in /sys/class/nvme/nvme0/hwmon*/temp1_input; do
		[ "$(cat "$input")" -gt 0 ] || return 1
	done
}

# Linux 6.1 counts only by path, where there could be several.
commands() {
	stat=/sys/block/nvme0c0n1/stat
	[ -e $stat ] || stat=$block/stat
	awk '{ print "disk commands:", $1 + $5 + $12 + $16 }' $stat
}

first_life() {
	check "a file system can be made, filled and unmounted" make_files
	check "the files are whole when it is mounted again" files_are_whole
	check "files can be changed" change_files
	check "the driver can be unloaded and loaded" reload_driver
	check "the files are whole after that" files_are_whole
	check "the disk can be read command by command" read_directly
	check "the controller says how warm it is" temperature
}

mkdir -p /mnt
bring_up
dump_config
check "it sees one namespace" [ "$(namespaces)" = 1 ]
check "the namespace is the one that it was given" [ "$(cat $block/nsid)" = "${ns-1}" ]
if [ "$(restarts)" = 0 ]; then
	first_life
	if [ "${again-0}" = 1 ]; then
		say "rebooting"
		sleep 0.2
		reboot -f
	fi
else
	check "the files are whole after a reboot" files_are_whole
fi
mount -t ext4 $disk /mnt
say "bulk has SHA-256 $(sha256sum /mnt/bulk | cut -d' ' -f1)"
umount /mnt
grep nvme /proc/interrupts
say "$(commands)"

# SPDX-License-Identifier: GPL-2.0-only
# An NVMe VF with the stock nvme driver: make a file system, write, take it away and look again.
disk=/dev/nvme0n1
mount_point=/tmp/disk

# ext4 asks for this checksum by name, which no list of dependencies has.
load_ext4() { load crc32c_generic && load ext4; }

write_files() {
	grep -q " $mount_point " /proc/mounts || return 1
	for n in 1 2 3 4; do
		dd if=/dev/urandom of=$mount_point/file$n bs=65536 count=16 2>/dev/null || return 1
	done
	(cd $mount_point && sha256sum file1 file2 file3 file4) >/tmp/sums
}

# Out of the kernel's memory, so that the next look is at the disk.
remount() {
	umount $mount_point && echo 3 >/proc/sys/vm/drop_caches && mount -t ext4 $disk $mount_point
}

files_are_intact() { (cd $mount_point && sha256sum -c /tmp/sums) >/dev/null; }

reload_driver() {
	umount $mount_point && rmmod nvme && [ ! -e $disk ] && load nvme &&
		wait_for 30 [ -b $disk ] && mount -t ext4 $disk $mount_point
}

dump_config
check "nvme loads" load nvme
check "the namespace is a disk" wait_for 30 [ -b $disk ]
say "disk of $(cat /sys/class/block/nvme0n1/size) sectors, namespaces: $(echo /dev/nvme0n*)"
check "it is the only one" [ "$(echo /dev/nvme0n*)" = $disk ]
check "ext4 loads" load_ext4
check "a file system can be made" mke2fs $disk
mkdir -p $mount_point
check "it can be mounted" mount -t ext4 $disk $mount_point
check "files can be written" write_files
check "it can be mounted again" remount
check "the files are intact" files_are_intact
check "the driver can be unloaded and loaded" reload_driver
check "the files are intact after that" files_are_intact
umount $mount_point
grep nvme /proc/interrupts

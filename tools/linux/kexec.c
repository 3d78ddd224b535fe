/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kexec KERNEL COMMANDLINE: start another kernel from this one, without firmware in between (man 2
 * kexec_file_load). Runs in a Linux guest, statically linked; tools/linux/prepare.sh builds it.
 */
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int kernel;

	if (argc != 3) {
		fprintf(stderr, "usage: kexec KERNEL COMMANDLINE\n");
		return 2;
	}
	kernel = open(argv[1], O_RDONLY);
	if (kernel < 0 || syscall(SYS_kexec_file_load, kernel, -1, strlen(argv[2]) + 1, argv[2],
				  KEXEC_FILE_NO_INITRAMFS) != 0) {
		perror(argv[1]);
		return 1;
	}
	sync();
	reboot(LINUX_REBOOT_CMD_KEXEC);
	perror("reboot");
	return 1;
}

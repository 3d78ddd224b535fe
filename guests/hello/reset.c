/* SPDX-License-Identifier: GPL-2.0-only */
/* Resets without end: of its VF, and of itself. Neither is a way to hold up others. */
#include "hello.h"

#include "base/hw/insn.h"
#include "igbvf.h"
#include "interrupt.h"

#define NETWORK_CLASS_CODE 0x020000
#define CAPABILITY_PCIE    0x10
#define DEVICE_CONTROL     8 /* in the capability, PCIe 6.0 section 7.5.3.4 */
#define INITIATE_FLR       BIT(15)
#define NOBODY             0xffffffffu
#define BACK_LATEST        (2 * NS_PER_S)
#define RESETS             3

/* As no driver does it: looks at once and without a pause, instead of after 100 ms. False if the VF
 * does not come back. */
static bool reset_once(const struct pci_device *d, u16 control, u64 *took)
{
	u64 began = now_ns();

	pci_config_write16(d, control, INITIATE_FLR);
	do {
		*took = now_ns() - began;
		if (pci_config_read(d, 0) != NOBODY)
			return true;
	} while (*took < BACK_LATEST);
	return false;
}

int reset_vf(u64 argument)
{
	u64 wanted = argument ? argument : RESETS, took, least = UINT64_MAX, most = 0;
	static struct igbvf vf;
	struct pci_device d;
	u16 control;

	if (!pci_find_class(NETWORK_CLASS_CODE, 0, &d))
		guest_die(STATUS_NO_DEVICE, "do=flr needs a VF of a network card");
	control = (u16)(pci_find_capability(&d, CAPABILITY_PCIE) + DEVICE_CONTROL);
	for (u64 i = 0; i < wanted; i++) {
		if (!reset_once(&d, control, &took)) {
			print("FAILED: reset %llu: the VF is not back after %llu ms\n",
			      (unsigned long long)i + 1, BACK_LATEST / NS_PER_MS);
			return STATUS_FAILED;
		}
		least = MIN(least, took);
		most = MAX(most, took);
	}
	print("%llu resets, the VF came back after %llu to %llu ms\n", (unsigned long long)wanted,
	      (unsigned long long)(least / NS_PER_MS), (unsigned long long)(most / NS_PER_MS));
	/* And it is as good as new: ends the guest if it is not. */
	igbvf_open(&vf, 0);
	return STATUS_OK;
}

int reboot_forever(u64 argument)
{
	(void)argument;
	print("rebooting\n");
	__asm__ volatile("outb %0, %1" : : "a"((u8)GUEST_RESET_VALUE), "Nd"((u16)GUEST_PORT_RESET));
	halt_forever();
	return STATUS_FAILED;
}

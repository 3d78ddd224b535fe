/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest PCI bus 0: a host bridge at device 0, the VM's VFs as plain function 0 devices from device
 * 1 on (P7). Everything else reads all ones, as an empty slot does (PCIe 6.0 section 2.3.2).
 */
#include <linux/pci_regs.h>

#include "vmm/assign/assign.h"
#include "vmm/guest/devices.h"
#include "vmm/guest/guest.h"

#define DEVFN_HOST_BRIDGE 0
#define DEVICE_FIRST_VF   1

/* A generic host bridge that no stock driver binds to: 1b36:0008, class 06 00 00. All else reads 0,
 * nothing is writable. */
struct fixed_dword {
	u16 offset;
	u32 value;
};
static const struct fixed_dword host_bridge[] = {
	{ PCI_VENDOR_ID, 0x00081b36 },
	{ PCI_CLASS_REVISION, 0x06000000 },
};

static u32 all_ones(unsigned width)
{
	return width >= 4 ? ~0u : BIT(8 * width) - 1;
}

static u32 host_bridge_read(u16 offset, unsigned width)
{
	for (unsigned i = 0; i < ARRAY_LEN(host_bridge); i++)
		if (host_bridge[i].offset == (offset & ~3u))
			return host_bridge[i].value >> (8 * (offset & 3)) & all_ones(width);
	return 0;
}

/* The VF at this slot; NULL also while it is being reset, and if that failed: a quarantined VF has
 * vanished for its guest. */
static struct assigned_vf *vf_at(struct vm *vm, u8 devfn)
{
	unsigned device = devfn >> 3, function = devfn & 7;
	if (function != 0 || device < DEVICE_FIRST_VF || device - DEVICE_FIRST_VF >= vm->vf_count)
		return NULL;
	struct assigned_vf *a = vm->vf[device - DEVICE_FIRST_VF];
	guest_reset_poll(vm, a);
	return assigned_vf_usable(a) ? a : NULL;
}

/* An access that is not one naturally aligned field never reaches the model: no write spans two
 * fields (XSA-128). */
static bool is_legal(u16 offset, unsigned width)
{
	return offset < VF_CONFIG_BYTES && (width == 1 || width == 2 || width == 4) &&
	       offset % width == 0;
}

u32 vpci_read(struct vm *vm, u8 devfn, u16 offset, unsigned width)
{
	guest_devices(vm)->config_accesses++;
	if (!is_legal(offset, width))
		return all_ones(width);
	if (devfn == DEVFN_HOST_BRIDGE)
		return host_bridge_read(offset, width);
	struct assigned_vf *a = vf_at(vm, devfn);
	return a ? vf_model_read(&a->model, offset, width) : all_ones(width);
}

void vpci_write(struct vm *vm, u8 devfn, u16 offset, unsigned width, u32 value)
{
	guest_devices(vm)->config_accesses++;
	struct assigned_vf *a = is_legal(offset, width) ? vf_at(vm, devfn) : NULL;
	if (!a)
		return;
	unsigned effects = vf_model_write(&a->model, offset, width, value);
	if (effects)
		assigned_vf_effects(vm, a, effects);
}

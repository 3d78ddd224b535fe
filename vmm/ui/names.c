/* SPDX-License-Identifier: GPL-2.0-only */
/* What things are called in reports, tables and the monitor. */
#include <linux/pci_regs.h>

#include "base/format.h"
#include "base/string.h"
#include "vmm/ui/report.h"

#define CLASS_HOST_BRIDGE 0x0600u /* base class and sub-class, PCI Code and ID Assignment 1.15 */
#define CLASS_ISA_BRIDGE  0x0601u
#define CLASS_NETWORK     0x02u
#define CLASS_STORAGE     0x01u
#define CLASS_DISPLAY     0x03u
#define CLASS_SERIAL_BUS  0x0cu

const char *vf_identity(const struct vf_service *s, char *buf, size_t size)
{
	static const u8 none[sizeof(s->mac)];

	if (memcmp(s->mac, none, sizeof(none)) != 0 || !s->text[0])
		format(buf, size, "%02x:%02x:%02x:%02x:%02x:%02x", s->mac[0], s->mac[1], s->mac[2],
		       s->mac[3], s->mac[4], s->mac[5]);
	else
		format(buf, size, "%s", s->text);
	return buf;
}

const struct vm *vf_owner(const struct vf *vf)
{
	return vf ? vf->owner : NULL;
}

static const struct {
	u8 type;
	const char *name;
} port_types[] = {
	{ PCI_EXP_TYPE_ROOT_PORT, "root port" },
	{ PCI_EXP_TYPE_UPSTREAM, "switch upstream port" },
	{ PCI_EXP_TYPE_DOWNSTREAM, "switch downstream port" },
	{ PCI_EXP_TYPE_PCI_BRIDGE, "PCIe to PCI bridge" },
	{ PCI_EXP_TYPE_PCIE_BRIDGE, "PCI to PCIe bridge" },
	{ PCI_EXP_TYPE_RC_EC, "root complex event collector" },
};

static const struct {
	u32 class_code, mask; /* of 24 bits */
	const char *name;
} classes[] = {
	{ CLASS_HOST_BRIDGE << 8, 0xffff00, "host bridge" },
	{ CLASS_ISA_BRIDGE << 8, 0xffff00, "ISA bridge" },
	{ CLASS_NETWORK << 16, 0xff0000, "network" },
	{ CLASS_STORAGE << 16, 0xff0000, "storage" },
	{ CLASS_DISPLAY << 16, 0xff0000, "display" },
	{ CLASS_SERIAL_BUS << 16, 0xff0000, "serial bus" },
};

const char *function_kind(const struct pci_function *f)
{
	for (unsigned i = 0; i < ARRAY_LEN(port_types); i++)
		if (f->port_type == port_types[i].type)
			return port_types[i].name;
	if (f->header_type == PCI_HEADER_TYPE_BRIDGE)
		return "PCI bridge";
	for (unsigned i = 0; i < ARRAY_LEN(classes); i++)
		if ((f->class_code & classes[i].mask) == classes[i].class_code)
			return classes[i].name;
	return "other";
}

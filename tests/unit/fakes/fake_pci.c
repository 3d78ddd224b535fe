/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine behind ECAM: routing of config requests, and config space with writable bits. */
#include "fake_pci.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_pci_internal.h"

#define MAX_FUNCTIONS  128
#define BUS_SHIFT      20
#define FUNCTION_SHIFT 12
#define BUSES          256
#define LINK_FUNCTIONS 8 /* what a link without ARI forwarding reaches */

static bool reads_may_fail, writes_may_fail;
struct fake_function fake_functions[MAX_FUNCTIONS];
unsigned fake_function_count;

static struct {
	struct acpi_header header;
	u64 reserved;
	u64 base;
	u16 segment;
	u8 first_bus, last_bus;
	u32 reserved2;
} __attribute__((packed)) mcfg;

void fake_pci_fail_reads(bool on)
{
	reads_may_fail = on;
}

void fake_pci_fail_writes(bool on)
{
	writes_may_fail = on;
}

const struct acpi_header *fake_pci_mcfg(void)
{
	memset(&mcfg, 0, sizeof(mcfg));
	memcpy(mcfg.header.signature, "MCFG", 4);
	mcfg.header.length = sizeof(mcfg);
	mcfg.base = FAKE_ECAM_BASE;
	mcfg.last_bus = BUSES - 1;
	return &mcfg.header;
}

static void free_bars(struct fake_function *f)
{
	for (unsigned i = 0; i < FAKE_BARS; i++)
		free(f->bar_memory[i]);
}

static void free_function(struct fake_function *f)
{
	free_bars(f);
	if (!f->sriov)
		return;
	for (unsigned i = 0; i < FAKE_MAX_VFS; i++)
		free_bars(&f->sriov->vf[i]);
	free(f->sriov->vf);
	free(f->sriov);
}

void fake_pci_reset(void)
{
	for (unsigned i = 0; i < fake_function_count; i++)
		free_function(&fake_functions[i]);
	memset(fake_functions, 0, sizeof(fake_functions));
	fake_function_count = 0;
	reads_may_fail = writes_may_fail = false;
	fake_mmio_add(hpa(FAKE_ECAM_BASE), (u64)BUSES << BUS_SHIFT, fake_ecam_read, fake_ecam_write,
		      NULL);
	fake_pci_mmio_reset();
}

struct fake_function *fake_pci_add(struct rid rid, struct fake_function *parent, u32 ids,
				   u32 class_revision)
{
	if (fake_function_count == MAX_FUNCTIONS) {
		fprintf(stderr, "fake_pci: more than %u functions\n", MAX_FUNCTIONS);
		abort();
	}
	struct fake_function *f = &fake_functions[fake_function_count++];

	fake_function_init(f, rid, parent);
	fake_put32(f, PCI_VENDOR_ID, ids);
	fake_put32(f, PCI_CLASS_REVISION, class_revision);
	return f;
}

void fake_function_init(struct fake_function *f, struct rid rid, struct fake_function *parent)
{
	memset(f, 0, sizeof(*f));
	f->used = true;
	f->rid = rid;
	f->parent = parent;
	fake_allow(f, PCI_COMMAND,
		   PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
			   PCI_COMMAND_INTX_DISABLE,
		   2);
}

/*
 * --- config bytes
 * -----------------------------------------------------------------------------------------------
 */

void fake_put8(struct fake_function *f, unsigned at, u8 value)
{
	f->config[at] = f->initial[at] = value;
}

void fake_put16(struct fake_function *f, unsigned at, u16 value)
{
	memcpy(&f->config[at], &value, sizeof(value));
	memcpy(&f->initial[at], &value, sizeof(value));
}

void fake_put32(struct fake_function *f, unsigned at, u32 value)
{
	memcpy(&f->config[at], &value, sizeof(value));
	memcpy(&f->initial[at], &value, sizeof(value));
}

u8 fake_get8(const struct fake_function *f, unsigned at)
{
	return f->config[at];
}

u16 fake_get16(const struct fake_function *f, unsigned at)
{
	u16 value;

	memcpy(&value, &f->config[at], sizeof(value));
	return value;
}

u32 fake_get32(const struct fake_function *f, unsigned at)
{
	u32 value;

	memcpy(&value, &f->config[at], sizeof(value));
	return value;
}

void fake_allow(struct fake_function *f, unsigned at, u32 mask, unsigned width)
{
	memcpy(&f->writable[at], &mask, width);
}

/*
 * --- routing
 * ------------------------------------------------------------------------------------------------------
 */

bool fake_is_bridge(const struct fake_function *f)
{
	return (f->config[PCI_HEADER_TYPE] & 0x7f) == PCI_HEADER_TYPE_BRIDGE;
}

static bool forwards_ari(const struct fake_function *bridge)
{
	return bridge->cap_pcie &&
	       fake_get16(bridge, bridge->cap_pcie + PCI_EXP_DEVCTL2) & PCI_EXP_DEVCTL2_ARI;
}

static bool has_link_below(const struct fake_function *bridge)
{
	unsigned type = bridge->cap_pcie
				? fake_get16(bridge, bridge->cap_pcie + PCI_EXP_FLAGS) >> 4 & 0xf
				: ~0u;

	return type == PCI_EXP_TYPE_ROOT_PORT || type == PCI_EXP_TYPE_DOWNSTREAM;
}

/* Does a config request for `rid` get through `bridge` and all above it? */
static bool routed(const struct fake_function *bridge, struct rid rid)
{
	if (!bridge)
		return true;
	u8 secondary = bridge->config[PCI_SECONDARY_BUS],
	   subordinate = bridge->config[PCI_SUBORDINATE_BUS];

	if (rid_bus(rid) < secondary || rid_bus(rid) > subordinate || secondary == 0)
		return false;
	if (rid_bus(rid) == secondary && has_link_below(bridge) && !forwards_ari(bridge) &&
	    rid_devfn(rid) >= LINK_FUNCTIONS)
		return false;
	return routed(bridge->parent, bridge->rid);
}

/* The same function of another device on the same bus. */
static bool is_ghost_of(const struct fake_function *f, struct rid rid)
{
	return rid.segment == f->rid.segment && rid_bus(rid) == rid_bus(f->rid) &&
	       (rid.id & 7) == (f->rid.id & 7);
}

struct fake_function *fake_pci_find(struct rid rid)
{
	for (unsigned i = 0; i < fake_function_count; i++) {
		struct fake_function *f = &fake_functions[i];

		if (rid_equal(f->rid, rid) || (f->faults.ghosts && is_ghost_of(f, rid)))
			return f;
		struct fake_function *vf = fake_enabled_vf(f, rid);

		if (vf)
			return vf;
	}
	return NULL;
}

/* The function that answers, or NULL. */
static struct fake_function *target_of(u64 offset)
{
	struct rid rid = { 0, (u16)(offset >> FUNCTION_SHIFT) };
	struct fake_function *f = fake_pci_find(rid);

	if (!f || f->faults.dead || !routed(f->parent, f->vf_of ? rid : f->rid))
		return NULL;
	fake_note_access(f);
	fake_refresh(f);
	return fake_time_now() >= f->silent_until ? f : NULL;
}

u64 fake_ecam_read(void *ctx, u64 offset, unsigned width)
{
	const struct fake_function *f = target_of(offset);
	unsigned at = offset & (FAKE_CONFIG_BYTES - 1);
	u64 value = ~0ull;

	(void)ctx;
	if (!f || (reads_may_fail && fake_step_fails()))
		return value;
	value = 0;
	memcpy(&value, &f->config[at], width);
	return fake_read_hook(f, at, width, value);
}

void fake_ecam_write(void *ctx, u64 offset, unsigned width, u64 value)
{
	struct fake_function *f = target_of(offset);
	unsigned at = offset & (FAKE_CONFIG_BYTES - 1);
	u8 bytes[8];

	(void)ctx;
	if (!f || (writes_may_fail && fake_step_fails()) || fake_write_is_lost(f, at))
		return;
	memcpy(bytes, &value, sizeof(bytes));
	for (unsigned i = 0; i < width; i++)
		f->config[at + i] = (u8)((f->config[at + i] & ~f->writable[at + i]) |
					 (bytes[i] & f->writable[at + i]));
	fake_write_hook(f, at, width, (u32)value);
}

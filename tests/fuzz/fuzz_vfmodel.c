/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that writes anything anywhere into its VF's config space. Input: 8 bytes per write:
 * offset (2), width (1), what (1), value (4). Whatever it does, only bits of the writable set
 * change, BARs stay good, and no device is reached.
 */
#include <stdlib.h>
#include <string.h>

#include "base/guest_abi.h"
#include "fakes/fake_pci.h"
#include "pci/vfmodel.h"

#define OP_BYTES 8
#define OP_RESET 0xff

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static struct pci_function pf_function, function;
static struct sriov_pf pf;
static struct vf vf;
static struct vf_model model, first;

/* A VF as vf_discover() leaves it, with BARs of the kinds that input byte 0 asks for. */
static void build(u8 kinds)
{
	static const u64 bases[PCI_BARS] = { 0xc0000000, 0, 0xc1000000, 0, 0xc2000000, 0 };

	memset(&pf, 0, sizeof(pf));
	pf.function = &pf_function;
	for (unsigned i = 0; i < PCI_BARS; i += 2)
		pf.vf_bars[i] = (struct pci_bar){ .base = bases[i],
						  .size = kinds & 1u << i ? 1u << (12 + i) : 0,
						  .is_64bit = kinds & 2u << i,
						  .prefetchable = kinds & 0x40 };
	function = (struct pci_function){ .vendor = 0x8086,
					  .device = 0x10ca,
					  .class_code = 0x020000,
					  .cap_msix = 0x70,
					  .cap_pcie = 0xa0,
					  .cap_pm = kinds & 0x80 ? 0x40 : 0 };
	vf = (struct vf){ .pf = &pf, .function = &function };
	vf.caps.device_cap = kinds & 0x20 ? PCI_EXP_DEVCAP_FLR : 0;
	if (vf_model_init(&model, &vf, bases, NULL) != OK)
		abort();
	first = model;
}

static void check(void)
{
	for (unsigned i = 0; i < VF_MODEL_BYTES; i++)
		if ((model.value[i] ^ first.value[i]) & ~first.writable[i] ||
		    model.writable[i] != first.writable[i])
			abort();
	for (unsigned i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &model.bars[i];

		if (bar->size == 0)
			continue;
		if (bar->base % bar->size || bar->base < GUEST_MMIO_BASE ||
		    bar->base + bar->size > (u64)GUEST_MMIO_BASE + GUEST_MMIO_SIZE)
			abort();
	}
}

static void write_one(const u8 op[OP_BYTES])
{
	static const unsigned widths[] = { 1, 2, 4, 4, 0, 3, 8, 4 };
	u16 offset;
	u32 value;

	memcpy(&offset, op, sizeof(offset));
	memcpy(&value, op + 4, sizeof(value));
	if (op[3] == OP_RESET)
		vf_model_reset(&model);
	/* Mostly into the first 256 bytes: there is the interesting part. */
	if (op[3] & 1)
		offset &= 0xff;
	unsigned effects = vf_model_write(&model, offset, widths[op[2] & 7], value);

	if (effects & VF_EFFECT_FLR && !(vf.caps.device_cap & PCI_EXP_DEVCAP_FLR))
		abort();
	(void)vf_model_read(&model, offset, widths[op[2] & 7]);
	(void)vf_model_source(&model, offset);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	if (size < 1)
		return 0;
	fakes_reset();
	fake_events_record(FAKE_MMIO_READ, true);
	build(data[0]);
	for (size_t at = 1; at + OP_BYTES <= size; at += OP_BYTES)
		write_one(data + at);
	check();
	if (fake_event_count())
		abort();
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices that lie about everything: their config space is the fuzzer's input, and so are the bits
 * that stick when written. The walk, the probe, VF Enable, MSI-X and the config model must end,
 * stay inside their memory, and never give two functions one Requester ID or place VF BARs outside
 * the windows above them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "fakes/fake_pci.h"
#include "pci/config.h"
#include "pci/msix.h"
#include "pci/path.h"
#include "pci/reset.h"
#include "pci/space.h"
#include "pci/vfmodel.h"

#define DEVICES      4
#define POOL_PAGES   64
#define CONFIG_SHIFT 12
#define STEP_NS      10000000 /* bounded waits end after few looks at the clock */

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* Function n answers at RIDs[n]; all others do not. The last one answers as every VF. */
static const u16 rids[DEVICES] = { 0x0000, 0x0018, 0x0100, 0x0101 };
static u8 config[DEVICES][FAKE_CONFIG_BYTES], sticky[DEVICES][FAKE_CONFIG_BYTES];

static int device_of(u64 offset)
{
	u64 rid = offset >> CONFIG_SHIFT;

	for (int i = 0; i < DEVICES; i++)
		if (rids[i] == rid)
			return i;
	return rid > rids[DEVICES - 1] ? DEVICES - 1 : -1;
}

static u64 read(void *ctx, u64 offset, unsigned width)
{
	int i = device_of(offset);
	u64 value = ~0ull;

	(void)ctx;
	if (i >= 0)
		memcpy(&value, &config[i][offset & (FAKE_CONFIG_BYTES - 1)], width);
	return value;
}

static void write(void *ctx, u64 offset, unsigned width, u64 value)
{
	int i = device_of(offset);
	unsigned at = offset & (FAKE_CONFIG_BYTES - 1);

	(void)ctx;
	for (unsigned b = 0; i >= 0 && b < width; b++)
		config[i][at + b] = (u8)((config[i][at + b] & ~sticky[i][at + b]) |
					 ((value >> 8 * b) & sticky[i][at + b]));
}

static u8 sound_config[DEVICES][FAKE_CONFIG_BYTES], sound_sticky[DEVICES][FAKE_CONFIG_BYTES];

/*
 * A sound machine to start from: a root port, an 82576, one of its VFs. Built once, for the sake of
 * speed.
 */
static void build_sound_machine(void)
{
	fakes_reset();
	fake_pci_reset();
	struct fake_function *bridge = fake_pci_root_port(rid_make(0, 0, 3, 0), 1, 1, FAKE_ACS_ALL);

	fake_window(bridge, false, 0xc0000000, 2 * MiB);
	fake_window(bridge, true, 0xc0200000, 2 * MiB);
	struct fake_function *igb = fake_pci_igb(bridge);
	const struct fake_function *all[DEVICES] = { igb, bridge, igb, fake_vf(igb, 0) };

	for (unsigned i = 0; i < DEVICES; i++) {
		memcpy(sound_config[i], all[i]->config, FAKE_CONFIG_BYTES);
		memcpy(sound_sticky[i], all[i]->writable, FAKE_CONFIG_BYTES);
	}
	fake_pci_reset();
	fake_pool_reset(POOL_PAGES);
}

static void sound_machine(void)
{
	static bool built;

	if (!built)
		build_sound_machine();
	built = true;
	memcpy(config, sound_config, sizeof(config));
	memcpy(sticky, sound_sticky, sizeof(sticky));
}

/* The fake's MCFG, cut to buses 0 to 3: the walk looks at every bus. */
static const struct acpi_header *short_mcfg(void)
{
	static u8 copy[60];

	memcpy(copy, fake_pci_mcfg(), sizeof(copy));
	copy[55] = 3;
	return (const struct acpi_header *)copy;
}

/* Input: 5 bytes per change: device and array (1), offset (2), value (2). */
static void apply(const u8 *data, size_t size)
{
	for (; size >= 5; data += 5, size -= 5) {
		u8 *array = data[0] & 0x80 ? sticky[data[0] % DEVICES] : config[data[0] % DEVICES];
		unsigned at = (data[1] | data[2] << 8) & (FAKE_CONFIG_BYTES - 2);

		memcpy(&array[at], data + 3, 2);
	}
}

static void check_vfs(const struct sriov_pf *p)
{
	for (unsigned i = 0; i < p->num_vfs; i++) {
		unsigned same = 0;

		for (unsigned k = 0; k < pci_function_count(); k++)
			same += rid_equal(pci_function(k)->rid, p->vfs[i].rid);
		if (same != 1)
			abort();
	}
	for (unsigned b = 0; b < PCI_BARS; b++)
		if (p->num_vfs && p->vf_bars[b].size &&
		    !pci_windows_cover(p->function, p->vf_bars[b].base,
				       p->vf_bars[b].size * p->num_vfs, p->vf_bars[b].prefetchable))
			abort();
}

static void use_vf(struct vf *vf)
{
	static const u64 bases[PCI_BARS];
	struct pci_bar bars[PCI_BARS];
	static struct vf_model model;
	struct acs_verdict verdict;
	struct msix m;

	for (unsigned b = 0; b < PCI_BARS; b++)
		bars[b] = vf_bar(vf, b);
	(void)acs_check(vf->function, NULL, &verdict, NULL);
	(void)msix_init(&m, vf->function, bars, NULL);
	if (vf_model_init(&model, vf, bases, NULL) == OK)
		(void)vf_model_write(&model, PCI_COMMAND, 2, PCI_COMMAND_MASTER);

	struct vf_reset reset;

	vf_reset_start(&reset, vf);
	while (!vf_reset_over(&reset))
		; /* each look takes STEP_NS */
	(void)vf_reset_verify(&reset, NULL);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	sound_machine();
	fakes_reset();
	fake_events_record(FAKE_MMIO_WRITE, false);
	fake_events_record(FAKE_DELAY, false);
	fake_time_set_step(STEP_NS);
	pci_space_clear();
	fake_mmio_add(hpa(FAKE_ECAM_BASE), 4 * MiB, read, write, NULL);
	apply(data, size);
	if (pci_config_init(short_mcfg(), NULL) != OK)
		abort();
	(void)pci_walk(NULL);
	acs_enable_all();
	sriov_probe_all();
	for (unsigned i = 0; i < sriov_pf_count(); i++)
		(void)sriov_enable(sriov_pf(i), 0, 16, NULL);
	pci_groups_compute();
	for (unsigned i = 0; i < sriov_pf_count(); i++) {
		check_vfs(sriov_pf(i));
		for (unsigned k = 0; k < sriov_pf(i)->num_vfs; k++)
			use_vf(&sriov_pf(i)->vfs[k]);
		(void)sriov_disable(sriov_pf(i), NULL);
		if (sriov_pf(i)->num_vfs)
			abort();
	}
	if (pool_used(POOL_PCI))
		abort();
	return 0;
}

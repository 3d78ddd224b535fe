/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices without an ACS capability whose vendor stated that their functions do no peer-to-peer
 * among themselves.
 *
 * Source of every row: Linux, drivers/pci/quirks.c, table pci_dev_acs_enabled, entries with
 * pci_quirk_mf_endpoint_acs, whose comment says that devices matching it "have been verified by the
 * vendor to not perform peer-to-peer with other functions". Only Physical Functions are listed
 * there. A VF is looked up by its PF: both are functions of the same chip.
 *
 * A row is a fact about a chip on a link, so it never applies to a root complex integrated
 * endpoint (its row in acs_rules.c comes first): there the path between functions belongs to the
 * root complex, which the vendor of the NIC could not verify.
 */
#include "pci/acs.h"
#include "pci/internal.h"
#include "pci/sriov.h"

#define INTEL      0x8086
#define WORD_82576 "quirk: Intel verified that 82576 functions do no peer-to-peer (Linux quirks.c)"
#define WORD_I350  "quirk: Intel verified that I350 functions do no peer-to-peer (Linux quirks.c)"

static const struct acs_quirk {
	u16 vendor, device;
	const char *text;
} quirks[] = {
	{ INTEL, 0x10c9, WORD_82576 }, { INTEL, 0x10e6, WORD_82576 }, { INTEL, 0x10e7, WORD_82576 },
	{ INTEL, 0x10e8, WORD_82576 }, { INTEL, 0x150a, WORD_82576 }, { INTEL, 0x150d, WORD_82576 },
	{ INTEL, 0x1518, WORD_82576 }, { INTEL, 0x1526, WORD_82576 }, { INTEL, 0x1521, WORD_I350 },
	{ INTEL, 0x1522, WORD_I350 },  { INTEL, 0x1523, WORD_I350 },  { INTEL, 0x1524, WORD_I350 },
};

const char *acs_quirk_text(const struct pci_function *f)
{
	const struct pci_function *chip = f->vf_of ? f->vf_of->function : f;

	for (unsigned i = 0; i < ARRAY_LEN(quirks); i++)
		if (quirks[i].vendor == chip->vendor && quirks[i].device == chip->device)
			return quirks[i].text;
	return NULL;
}

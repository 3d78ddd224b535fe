/* SPDX-License-Identifier: GPL-2.0-only */
/* Which master drivers there are. A new one is a row here. */
#include "drivers/master.h"

#include "drivers/igb/igb.h"
#include "drivers/nvme/nvme.h"

const struct master_driver *const master_drivers[] = {
	&igb_master_driver,
	&nvme_master_driver,
	NULL,
};

const struct master_driver *master_driver_for(const struct pci_function *pf)
{
	for (const struct master_driver *const *d = master_drivers; *d; d++)
		if ((*d)->probe(pf))
			return *d;
	return NULL;
}

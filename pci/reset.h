/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Function Level Reset with verification (PCIe 6.0 section 6.6.2). The only file that starts one.
 */
#ifndef PCI_RESET_H
#define PCI_RESET_H

#include "pci/sriov.h"

/*
 * Reset one VF: Command = 0 (a write even if it already reads 0: it closes the bus-master window on
 * QEMU), wait until Transactions Pending is clear (bounded), Initiate FLR, wait 100 ms, poll until
 * the function answers with the identity it had (Subsystem Vendor ID, Revision, Class), Command
 * reads 0 and MSI-X is disabled. Bounded at 1 s in all after the 100 ms. Any failure: ERR_TIMEOUT
 * or ERR_DEVICE, and the caller quarantines. Never touches the PF.
 */
enum err vf_function_level_reset(struct vf *vf, struct why *why);

#endif

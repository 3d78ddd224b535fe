/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Function Level Reset with verification (PCIe 6.0 section 6.6.2). The only file that starts one.
 * It takes 100 ms at least, and nobody waits in here: a reset is started, looked at now and then,
 * and judged when it is over. Resets of several VFs go on at the same time.
 */
#ifndef PCI_RESET_H
#define PCI_RESET_H

#include "base/time.h"
#include "pci/sriov.h"

/*
 *	start: Command = 0 -> draining -- Transactions Pending clear, or late --> Initiate FLR ->
 *	settling -- 100 ms, no access --> answering -- answers, or late --> over: verify
 */
enum vf_reset_phase {
	VF_RESET_DRAINING,
	VF_RESET_SETTLING,
	VF_RESET_ANSWERING,
	VF_RESET_OVER
};

/* One reset of one VF. Whoever looks at it holds what protects the VF's assignment. */
struct vf_reset {
	struct vf *vf;
	enum vf_reset_phase phase;
	u64 until_ns; /* when the phase ends at the latest */
	bool drained;
};

/* No reset goes on for longer, if it is looked at. */
#define VF_RESET_LONGEST_NS (1800 * NS_PER_MS)

/*
 * Command = 0 (a write even if it already reads 0: it closes the bus-master window on QEMU), and
 * Initiate FLR as soon as Transactions Pending is clear, after 700 ms at the latest. From now on
 * until it is over nobody else touches the VF. Never touches the PF.
 */
void vf_reset_start(struct vf_reset *r, struct vf *vf);

/* Look at it, and take it a step further. True once vf_reset_verify() can judge. Never waits. */
bool vf_reset_over(struct vf_reset *r);

/*
 * Of a reset that is over: the VF answers (within 1 s after the 100 ms) with the identity it had
 * (Subsystem, Revision, Class), Command reads 0, MSI-X is disabled, and it had drained. Then
 * Command is written 0 once more. Else ERR_TIMEOUT, ERR_DEVICE, or ERR_UNSUPPORTED if the VF has no
 * FLR, and the caller quarantines. The same answer however often it is asked.
 */
enum err vf_reset_verify(const struct vf_reset *r, struct why *why);

#endif

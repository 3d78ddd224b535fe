/* SPDX-License-Identifier: GPL-2.0-only */
/* The machines that the tests of pci/ start from. */
#ifndef PCI_MACHINE_H
#define PCI_MACHINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/pool.h"
#include "base/time.h"
#include "fakes/fake_pci.h"
#include "fakes/fakes.h"
#include "pci/config.h"
#include "pci/fabric.h"
#include "pci/msix.h"
#include "pci/path.h"
#include "pci/reset.h"
#include "pci/space.h"
#include "pci/sriov.h"
#include "pci/vfmodel.h"

/* cmocka has a macro of this name, base/types.h a function. */
#undef fail

#define HOST_BRIDGE rid_make(0, 0, 0, 0)
#define PORT        rid_make(0, 0, 3, 0)
#define OTHER_PORT  rid_make(0, 0, 4, 0)
#define ISA_BRIDGE  rid_make(0, 0, 0x1f, 0)
#define PF          rid_make(0, 1, 0, 0)

#define PORT_MEM       0xc0000000ull
#define PORT_PREFETCH  0xc0200000ull
#define OTHER_MEM      0xc0400000ull
#define OTHER_PREFETCH 0xc0600000ull
#define WINDOW         (2 * MiB)

/*
 *	00:00.0 host bridge	00:03.0 root port with ACS -> bus 01	00:1f.0 ISA bridge
 *				00:04.0 root port with ACS -> bus 02
 *
 * Each port has 2 MiB memory and 2 MiB prefetchable window, as SeaBIOS makes them.
 */
extern struct fake_function *port, *other_port;
int begin_machine(void **state);

/* The same with an 82576 under 00:03.0. */
extern struct fake_function *igb;
int begin_igb(void **state);

/* ECAM, walk, ACS, probe, as at boot. */
void discover(void);

/* discover() and all VFs of the first PF. Returns it. */
struct sriov_pf *enable_all(void);

/* The whole state of the machine's config space, for "as before" checks. */
struct snapshot {
	unsigned functions;
	u8 bytes[8][FAKE_CONFIG_BYTES];
};
void take_snapshot(struct snapshot *s);
void assert_unchanged_since(const struct snapshot *s);

#define IN_MACHINE(test) cmocka_unit_test_setup(test, begin_machine)
#define WITH_IGB(test)   cmocka_unit_test_setup(test, begin_igb)

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM's life without VT-x: vm.c, ept.c and the allocation of vCPUs are real. Cores are numbers;
 * a core that is kicked flushes its EPT translations unless `deaf`. Loading the kernel and giving
 * out VFs are steps that may fail (fakes/fakes.h), and what has an order is a note in the event
 * log.
 */
#ifndef TESTS_UNIT_LIFE_LIFE_H
#define TESTS_UNIT_LIFE_LIFE_H

#include "fakes/fakes.h"
#include "vmm/life.h"
#include "vmm/vmx/vmx.h"

#define LIFE_CORES      3u /* the test itself runs on a further one, which has no VT-x to flush */
#define LIFE_POOL_PAGES 4096

enum life_note {
	NOTE_LOAD = 1,
	NOTE_ASSIGN, /* their resets are started */
	NOTE_FINISH, /* they are given */
	NOTE_RELEASE,
	NOTE_KICK,  /* value = APIC id */
	NOTE_FLUSH, /* value = core */
	NOTE_FORGET
};

extern struct life {
	bool deaf;              /* cores do not answer kicks */
	bool resetting;         /* VFs are being reset */
	bool resets_at_release; /* the first release_all() has to reset some again */
	bool leaks;             /* release_all(): a flush failed */
	unsigned assigned;      /* VMs that have their VFs */
	unsigned refusals;      /* of VFs, told */
	struct vm_config wish;
} life;

int life_setup(void **state);
/* Index of the first note of this kind, or -1. */
int life_note(enum life_note kind);
/* Pages of all tags that have to do with VMs. */
u64 life_pages(void);

#endif

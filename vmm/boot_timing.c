// SPDX-License-Identifier: GPL-2.0-only
/* Where the instructions from our first one to the first guest's go (make bench). */
#include "base/boot_info.h"
#include "base/hw/insn.h"
#include "base/pool.h"
#include "base/time.h"
#include "vmm/vm.h"

struct boot_timing boot_timing[BOOT_PHASES];
static struct spinlock lock;

void boot_phase_ends(enum boot_phase phase)
{
	spin_lock(&lock);
	/* Another core may enter its guest while the boot core is still at it. */
	if (!boot_timing[PHASE_ENTRY].ticks)
		boot_timing[phase] = (struct boot_timing){ rdtsc() - boot->entry_tsc,
							   time_waited_ns, pool_pages_wiped() };
	spin_unlock(&lock);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes pages to its namespace, reads them back and looks at every byte. Each page begins with the
 * VM's name and its own number, so that whoever looks at the disk afterwards sees whose it is.
 */
#include "vfnvme.h"

#include "base/format.h"
#include "guest.h"
#include "interrupt.h"
#include "memory.h"

#define PAGES_DEFAULT 1000
#define DEPTH         8 /* commands in flight */
#define TEXT_BYTES    64
#define WORDS         (PAGE_SIZE / sizeof(u64))
#define FNV_START     0xcbf29ce484222325ull
#define FNV_PRIME     0x100000001b3ull

static struct nvme nvme;
static u8 *buffers; /* a page per command in flight */
static u64 errors, completed;

static u64 seed_of(const char *name)
{
	u64 seed = FNV_START;

	for (; *name; name++)
		seed = (seed ^ (u8)*name) * FNV_PRIME;
	return seed;
}

static void fill(u8 *page, u64 number)
{
	u64 *word = (u64 *)page;
	u64 value = (seed_of(guest->name) ^ number) * FNV_PRIME;

	for (u64 i = 0; i < WORDS; i++) {
		value = value * FNV_PRIME + i;
		word[i] = value;
	}
	memset(page, 0, TEXT_BYTES);
	format((char *)page, TEXT_BYTES, "vfnvme %s page %llu", guest->name,
	       (unsigned long long)number);
}

static void check(const u8 *page, u64 number)
{
	static u8 expected[PAGE_SIZE];

	fill(expected, number);
	if (!memcmp(page, expected, PAGE_SIZE))
		return;
	if (!errors++)
		print("page %llu has other content than was written: it begins \"%.32s\"\n",
		      (unsigned long long)number, (const char *)page);
}

static u8 *buffer_of(u64 number)
{
	return buffers + number % DEPTH * PAGE_SIZE;
}

static void finish(enum nvme_io_opcode opcode, const struct nvme_completion *done, u64 number)
{
	if (done->status || done->cid != (u16)number) {
		if (!errors++)
			print("%s of page %llu: status 0x%x of command %u\n",
			      opcode == IO_WRITE ? "write" : "read", (unsigned long long)number,
			      done->status, done->cid);
		return;
	}
	completed++;
	if (opcode == IO_READ)
		check(buffer_of(number), number);
}

/* DEPTH commands at a time: a batch goes out with one doorbell. */
static void batch(enum nvme_io_opcode opcode, u64 first, u64 count)
{
	struct nvme_completion done;

	for (u64 i = first; i < first + count; i++) {
		struct nvme_command command = nvme_transfer(&nvme, opcode, i, (u64)buffer_of(i));

		if (opcode == IO_WRITE)
			fill(buffer_of(i), i);
		else
			memset(buffer_of(i), 0, PAGE_SIZE);
		nvme_put(&nvme, &command);
	}
	nvme_ring(&nvme);
	while (count--) {
		nvme_wait(&nvme, &done);
		/* Commands may end in any order; their number names them. */
		finish(opcode, &done, first + (u16)(done.cid - (u16)first));
	}
}

static void run(enum nvme_io_opcode opcode, u64 pages)
{
	for (u64 i = 0; i < pages; i += DEPTH)
		batch(opcode, i, MIN((u64)DEPTH, pages - i));
}

static int report(u64 pages, const struct attack_result *attack)
{
	hc_figure(FIGURE_COMMANDS, completed);
	hc_figure(FIGURE_INTERRUPTS, nvme.interrupts);
	hc_figure(FIGURE_ERRORS, errors);
	hc_figure(FIGURE_DENIED, attack->denied);
	print("namespace %u: %llu pages written and read back, %llu commands, %llu errors, "
	      "%llu interrupts\n",
	      nvme.nsid, (unsigned long long)pages, (unsigned long long)completed,
	      (unsigned long long)errors, (unsigned long long)nvme.interrupts);
	if (attack->denied || attack->passed)
		print("attack: %llu attempts denied, %llu got through\n",
		      (unsigned long long)attack->denied, (unsigned long long)attack->passed);
	return errors || attack->passed || completed != 2 * pages ? STATUS_FAILED : STATUS_OK;
}

int guest_main(void)
{
	struct attack_result attack = { 0 };
	u64 pages = cmdline_number("pages", PAGES_DEFAULT);
	u32 nsid = (u32)cmdline_number("ns", 1);
	u64 foreign = cmdline_number("attack", 0);
	int status;

	apic_init();
	print("vfnvme on %s\n", guest->name);
	nvme_open(&nvme, 0);
	if (foreign)
		attack_admin(&nvme, &attack);
	nvme_open_namespace(&nvme, nsid);
	if (pages * PAGE_SIZE > nvme.blocks * nvme.block_bytes)
		guest_die(STATUS_USAGE, "cmdline: pages=%llu, the namespace has %llu",
			  (unsigned long long)pages,
			  (unsigned long long)(nvme.blocks * nvme.block_bytes / PAGE_SIZE));
	buffers = memory_take(DEPTH * PAGE_SIZE);
	run(IO_WRITE, pages);
	if (foreign)
		attack_io(&nvme, (u32)foreign, &attack);
	run(IO_READ, pages);
	status = report(pages, &attack);
	if (foreign)
		attack_completions(&nvme);
	return status;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* report.json: one document, framed, on the second serial port (or on the console where there is
 * none). */
#include "base/format.h"
#include "base/hw/cpu.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/string.h"
#include "base/time.h"
#include "vmm/ui/console.h"
#include "vmm/ui/report.h"
#include "vmm/ui/summary.h"
#include "vmm/vmx/insn.h"

#define SCHEMA "coppice-report/1"
#define FIRST_PAGES                                                                                \
	32u            /* enough for a small machine; more is asked for when the document says so */
#define ATTEMPTS     4 /* counters grow between two attempts, so one repetition may not be enough */
#define WIPES_A_PAGE (PAGE_SIZE / sizeof(u64)) /* stores of 8 bytes: base/hw/string.c */
#define CONSOLE_PORT 1u
#define REPORT_PORT  2u

/* Why this report was written, from what the VMs do now. */
static const char *current_end(void)
{
	unsigned living = 0;

	for (unsigned i = 0; i < vm_count; i++)
		living += vms[i].state == VM_READY || vms[i].state == VM_RUNNING;
	return living ? "boot" : "all VMs ended";
}

static u64 waited_ticks(const struct boot_timing *t)
{
	return t->waited_ns * time_tsc_khz() / NS_PER_MS;
}

/* Each phase alone: what it added to the one before. */
static void report_boot_phases(struct json *j)
{
	static const char *const names[BOOT_PHASES] = {
		[PHASE_MEMORY] = "memory", [PHASE_HOST] = "host",     [PHASE_FABRIC] = "fabric",
		[PHASE_IOMMU] = "iommu",   [PHASE_CORES] = "cores",   [PHASE_MASTERS] = "masters",
		[PHASE_VMS] = "vms",       [PHASE_REPORT] = "report", [PHASE_ENTRY] = "entry",
	};
	const struct boot_timing none = { 0 }, *last = &none;

	json_array(j, "phases");
	for (unsigned i = 0; i < BOOT_PHASES; i++) {
		const struct boot_timing *t = &boot_timing[i];

		if (!t->ticks)
			continue;
		json_object(j, NULL);
		json_text(j, "name", names[i]);
		json_number(j, "instructions", t->ticks - last->ticks);
		json_number(j, "of_it_waits", waited_ticks(t) - waited_ticks(last));
		json_number(j, "of_it_wipes", (t->pages_wiped - last->pages_wiped) * WIPES_A_PAGE);
		json_close(j);
		last = t;
	}
	json_close(j);
}

/* TSC ticks are instructions where the machine counts so (Bochs, QEMU -icount). */
static void report_timing(struct json *j)
{
	const struct boot_timing *t = &boot_timing[PHASE_ENTRY];

	json_object(j, "timing");
	json_number(j, "uptime_ns", time_now_ns());
	if (t->ticks) {
		json_number(j, "instructions_to_first_guest", t->ticks);
		json_number(j, "of_it_waits", waited_ticks(t));
		json_number(j, "of_it_wipes", t->pages_wiped * WIPES_A_PAGE);
		report_boot_phases(j);
	} else {
		json_null(j, "instructions_to_first_guest");
	}
	json_close(j);
}

static void report_vmcs_accesses(struct json *j)
{
	if (!COPPICE_COUNTERS) {
		json_null(j, "vmcs_accesses");
		return;
	}
	json_object(j, "vmcs_accesses");
	json_number(j, "reads", vmcs_counts.reads);
	json_number(j, "writes", vmcs_counts.writes);
	json_close(j);
}

static void (*const sections[])(struct json *) = {
	report_boot,   report_timing, report_vmcs_accesses, report_config,
	report_memory, report_pci,    report_iommu,         report_pfs,
	report_vfs,    report_vms,    report_refusals,      report_faults,
};

/* False if it did not fit or is broken; j->needed tells. */
static bool write_document(struct json *j, char *buf, size_t size, const char *end)
{
	json_begin(j, buf, size);
	json_text(j, "schema", SCHEMA);
	json_text(j, "end", end);
	for (unsigned i = 0; i < ARRAY_LEN(sections); i++)
		sections[i](j);
	return json_end(j);
}

static unsigned report_port(void)
{
	return config.report_com1 || !serial_present(REPORT_PORT) ? CONSOLE_PORT : REPORT_PORT;
}

static void send(const char *text, size_t len)
{
	char frame[64];
	int frame_len = format(frame, sizeof(frame), "COPPICE-REPORT-BEGIN %zu\n", len);
	unsigned port = report_port();

	/* Guests on other cores go on talking, and a line of theirs would break the document. */
	if (port == CONSOLE_PORT)
		console_hold();
	serial_write(port, frame, (size_t)frame_len);
	serial_write(port, text, len);
	frame_len = format(frame, sizeof(frame), "\nCOPPICE-REPORT-END\n");
	serial_write(port, frame, (size_t)frame_len);
	if (port == CONSOLE_PORT)
		console_release();
}

void report_write_because(const char *end)
{
	u64 pages = FIRST_PAGES;

	for (unsigned i = 0; i < ATTEMPTS; i++) {
		char *buf = pool_alloc(POOL_HOST, pages, PAGE_SIZE);
		struct json j;
		bool done;

		if (!buf) {
			log_error("report",
				  "no memory: %llu pages for report.json are not to be had; it is "
				  "not written",
				  (unsigned long long)pages);
			return;
		}
		done = write_document(&j, buf, pages * PAGE_SIZE, end);
		if (done)
			send(buf, j.needed);
		pool_free(POOL_HOST, buf, pages);
		if (done)
			return;
		/* A quarter more than it was: enough for what counters grow by meanwhile. */
		pages = (j.needed + j.needed / 4) / PAGE_SIZE + 1;
	}
	log_error("report", "report.json is broken, a bug of Coppice: please tell its makers; it "
			    "is not written");
}

void report_write(void)
{
	report_write_because(current_end());
}

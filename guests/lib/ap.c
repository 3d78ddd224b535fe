/* SPDX-License-Identifier: GPL-2.0-only */
#include "ap.h"

#include "base/hw/insn.h"
#include "base/string.h"

#define X2APIC_ICR 0x830
#define ICR_TO(id) ((u64)(id) << 32)

/* ap.asm: the code, and its fields. */
extern const u8 ap_begin[], ap_end[], ap_gdtr[], ap_cr3[], ap_stacks[], ap_entry[], ap_selector[],
	ap_number[];

static void put(const u8 *field, u64 value, size_t width)
{
	memcpy((u8 *)(u64)AP_PAGE + (field - ap_begin), &value, width);
}

void ap_prepare(u32 next, const u8 *stacks, void (*entry)(u32 number))
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) gdtr;
	u16 cs;

	__asm__ volatile("sgdt %0; mov %%cs, %1" : "=m"(gdtr), "=r"(cs));
	memcpy((u8 *)(u64)AP_PAGE, ap_begin, (size_t)(ap_end - ap_begin));
	put(ap_gdtr, gdtr.limit, sizeof(u16));
	put(ap_gdtr + sizeof(u16), gdtr.base, sizeof(u32));
	put(ap_selector, cs, sizeof(u16));
	put(ap_number, next, sizeof(u32));
	put(ap_cr3, read_cr3(), sizeof(u32));
	put(ap_stacks, (u64)stacks, sizeof(u64));
	put(ap_entry, (u64)entry, sizeof(u64));
}

void ap_send_ipi(u32 id, u32 command)
{
	wrmsr(X2APIC_ICR, ICR_TO(id) | ICR_ASSERT | command);
}

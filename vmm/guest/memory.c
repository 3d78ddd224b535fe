/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's RAM as the hypervisor sees it, and the walk of the guest's own page tables (Intel SDM
 * Vol. 3A chapter 4). Everything read here may change under our feet: callers copy once and use the
 * copy.
 */
#include "base/string.h"
#include "vmm/guest/guest.h"

void *guest_ptr(const struct vm *vm, gpa_t at, u64 len)
{
	/* Written so that no sum can wrap. */
	if (at.v > vm->ram_bytes || len > vm->ram_bytes - at.v)
		return NULL;
	return vm->ram + at.v;
}

bool guest_read(const struct vm *vm, gpa_t from, void *to, u64 len)
{
	const void *p = guest_ptr(vm, from, len);
	if (!p)
		return false;
	memcpy(to, p, len);
	return true;
}

bool guest_write(struct vm *vm, gpa_t to, const void *from, u64 len)
{
	void *p = guest_ptr(vm, to, len);
	if (!p)
		return false;
	memcpy(p, from, len);
	return true;
}

/* Control bits that choose the paging mode, SDM Vol. 3A section 4.1.1. */
#define CR0_PG   BIT64(31)
#define CR4_PSE  BIT64(4)
#define CR4_PAE  BIT64(5)
#define CR4_LA57 BIT64(12)
#define EFER_LMA BIT64(10)

#define ENTRY_PRESENT BIT64(0)
#define ENTRY_LARGE   BIT64(7)
#define ENTRY_ADDRESS BITS64(51, 12)
#define CR3_PAE_TABLE BITS64(31, 5)

/* One level: which bits of the linear address index it. */
struct walk {
	const struct vm *vm;
	u64 linear;
	bool pse; /* 32-bit paging only: 4 MiB pages are on */
};

/* Take the entry at `table` for the index in bits [shift, shift + 9) of the address. False = not
 * present. */
static bool entry64(const struct walk *w, u64 table, unsigned shift, u64 *entry)
{
	u64 at = table + (w->linear >> shift & 0x1ff) * sizeof(u64);
	return guest_read(w->vm, gpa(at), entry, sizeof(*entry)) && (*entry & ENTRY_PRESENT);
}

static gpa_t leaf(const struct walk *w, u64 entry, unsigned shift)
{
	u64 offset = w->linear & (BIT64(shift) - 1);
	return gpa((entry & ENTRY_ADDRESS & ~(BIT64(shift) - 1)) | offset);
}

/* Levels from `shift` down to 4 KiB pages; 2 MiB and 1 GiB leaves where PS allows, tables 4-14 to
 * 4-20. */
static bool walk64(const struct walk *w, u64 table, unsigned shift, gpa_t *out)
{
	for (;; shift -= 9) {
		u64 entry;
		if (!entry64(w, table, shift, &entry))
			return false;
		bool may_be_leaf = shift == 21 || shift == 30;
		if (shift == PAGE_SHIFT || (may_be_leaf && (entry & ENTRY_LARGE))) {
			*out = leaf(w, entry, shift);
			return true;
		}
		table = entry & ENTRY_ADDRESS;
	}
}

/* PAE: four page-directory-pointer entries, not page-aligned, without PS; section 4.4. */
static bool walk_pae(struct walk *w, u64 cr3, gpa_t *out)
{
	u64 entry;
	w->linear &= 0xffffffffull;
	u64 at = (cr3 & CR3_PAE_TABLE) + (w->linear >> 30) * sizeof(u64);
	if (!guest_read(w->vm, gpa(at), &entry, sizeof(entry)) || !(entry & ENTRY_PRESENT))
		return false;
	return walk64(w, entry & ENTRY_ADDRESS, 21, out);
}

/* 32-bit paging, section 4.3. */
static bool walk32(struct walk *w, u64 cr3, gpa_t *out)
{
	u32 entry;
	w->linear &= 0xffffffffull;
	u64 at = (cr3 & 0xfffff000ull) + (w->linear >> 22) * sizeof(u32);
	if (!guest_read(w->vm, gpa(at), &entry, sizeof(entry)) || !(entry & ENTRY_PRESENT))
		return false;
	if (w->pse && (entry & ENTRY_LARGE)) {
		/* Bits 20:13 are bits 39:32 of the 4 MiB page's address (PSE-36), table 4-4. */
		u64 high = (u64)(entry >> 13 & 0xff) << 32;
		*out = gpa(high | (entry & 0xffc00000u) | (w->linear & 0x3fffff));
		return true;
	}
	at = (entry & 0xfffff000u) + (w->linear >> 12 & 0x3ff) * sizeof(u32);
	if (!guest_read(w->vm, gpa(at), &entry, sizeof(entry)) || !(entry & ENTRY_PRESENT))
		return false;
	*out = gpa((entry & 0xfffff000u) | (w->linear & 0xfff));
	return true;
}

bool guest_linear_to_physical(struct vcpu *v, u64 linear, gpa_t *out)
{
	struct walk w = { .vm = v->vm, .linear = linear };
	u64 cr3 = vcpu_cr3(v), cr4 = vcpu_cr4(v);
	if (!(vcpu_cr0(v) & CR0_PG)) {
		*out = gpa(linear & 0xffffffffull);
		return true;
	}
	if (vcpu_efer(v) & EFER_LMA)
		return walk64(&w, cr3 & ENTRY_ADDRESS, cr4 & CR4_LA57 ? 48 : 39, out);
	if (cr4 & CR4_PAE)
		return walk_pae(&w, cr3, out);
	w.pse = cr4 & CR4_PSE;
	return walk32(&w, cr3, out);
}

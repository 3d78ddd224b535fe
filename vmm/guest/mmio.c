/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulated memory accesses: fetch and decode the instruction, then do it on config space, on an
 * MSI-X table's shadow or on a page that holds a table and other registers. The exit says where;
 * the instruction says how.
 */
#include "base/log.h"
#include "base/mmio.h"
#include "vmm/assign/assign.h"
#include "vmm/emulate/decode.h"
#include "vmm/guest/devices.h"
#include "vmm/guest/guest.h"

#define ULL(x) ((unsigned long long)(x))

enum target_kind {
	TARGET_NONE, /* nothing is there: the VM ends */
	TARGET_ECAM,
	TARGET_IOAPIC,
	TARGET_ABSENT,   /* in the PCI window, but nothing decodes it: master abort */
	TARGET_TABLE,    /* MSI-X table: only the shadow is ever touched */
	TARGET_MEDIATED, /* registers that the VF's master driver guards */
	TARGET_DEVICE,   /* registers that share a page with the table (R17) */
};

struct target {
	enum target_kind kind;
	struct assigned_vf *vf;
	unsigned bar;
	u64 offset; /* in ECAM, the BAR or the table */
};

static bool in_range(u64 at, u64 base, u64 size)
{
	return at >= base && at - base < size;
}

static struct target bar_target(struct assigned_vf *a, unsigned bar, u64 offset)
{
	struct target t = { .kind = TARGET_DEVICE, .vf = a, .bar = bar, .offset = offset };
	u64 table_bytes = (u64)a->msix.vectors * MSIX_ENTRY_BYTES;
	if (!assigned_vf_usable(a) || !vf_model_memory(&a->model)) {
		t.kind = TARGET_ABSENT;
	} else if (bar == a->msix.table_bar &&
		   in_range(offset, a->msix.table_offset, table_bytes)) {
		t.kind = TARGET_TABLE;
		t.offset = offset - a->msix.table_offset;
	} else if (mediation_traps(a, bar, offset)) {
		t.kind = TARGET_MEDIATED;
	}
	return t;
}

static struct target find_target(struct vm *vm, gpa_t at)
{
	if (in_range(at.v, GUEST_ECAM_BASE, GUEST_ECAM_SIZE))
		return (struct target){ .kind = TARGET_ECAM, .offset = at.v - GUEST_ECAM_BASE };
	if (in_range(at.v, GUEST_IOAPIC_BASE, GUEST_IOAPIC_SIZE))
		return (struct target){ .kind = TARGET_IOAPIC, .offset = at.v - GUEST_IOAPIC_BASE };
	for (unsigned i = 0; i < vm->vf_count; i++) {
		struct assigned_vf *a = vm->vf[i];
		for (unsigned bar = 0; bar < PCI_BARS; bar++) {
			const struct pci_bar *b = &a->model.bars[bar];
			if (b->size && in_range(at.v, b->base, b->size))
				return bar_target(a, bar, at.v - b->base);
		}
	}
	if (in_range(at.v, GUEST_MMIO_BASE, GUEST_MMIO_SIZE))
		return (struct target){ .kind = TARGET_ABSENT };
	return (struct target){ .kind = TARGET_NONE };
}

/* --- ECAM: PCIe 6.0 section 7.2.2; one bus, so the function is in bits 19:12 --- */

static u64 ecam_read(struct vm *vm, u64 offset, unsigned width)
{
	u8 devfn = (u8)(offset >> 12);
	u16 reg = offset & 0xfff;
	if (width == 8)
		return vpci_read(vm, devfn, reg, 4) | (u64)vpci_read(vm, devfn, (u16)(reg + 4), 4)
							      << 32;
	return vpci_read(vm, devfn, reg, width);
}

static void ecam_write(struct vm *vm, u64 offset, unsigned width, u64 value)
{
	u8 devfn = (u8)(offset >> 12);
	u16 reg = offset & 0xfff;
	vpci_write(vm, devfn, reg, MIN(width, 4u), (u32)value);
	if (width == 8)
		vpci_write(vm, devfn, (u16)(reg + 4), 4, (u32)(value >> 32));
}

/* --- the device's own registers beside its table --- */

static bool device_page(const struct target *t, unsigned width, struct mmio *page, u64 *offset)
{
	const struct pci_bar *b = &t->vf->host_bar[t->bar];
	if (!b->base || t->offset % width || t->offset >= b->size)
		return false;
	u64 start = ALIGN_DOWN(t->offset, PAGE_SIZE);
	*offset = t->offset - start;
	return mmio_map(hpa(b->base + start), PAGE_SIZE, page) == OK;
}

static u64 device_read(const struct target *t, unsigned width)
{
	struct mmio page;
	u64 offset;
	if (!device_page(t, width, &page, &offset))
		return ~0ull;
	switch (width) {
	case 1: return mmio_read8(&page, offset);
	case 2: return mmio_read16(&page, offset);
	case 4: return mmio_read32(&page, offset);
	default: return mmio_read64(&page, offset);
	}
}

static void device_write(const struct target *t, unsigned width, u64 value)
{
	struct mmio page;
	u64 offset;
	if (!device_page(t, width, &page, &offset))
		return;
	switch (width) {
	case 1: mmio_write8(&page, offset, (u8)value); break;
	case 2: mmio_write16(&page, offset, (u16)value); break;
	case 4: mmio_write32(&page, offset, (u32)value); break;
	default: mmio_write64(&page, offset, value); break;
	}
}

/* --- dispatch --- */

static u64 target_read(struct vm *vm, const struct target *t, unsigned width)
{
	switch (t->kind) {
	case TARGET_ECAM: return ecam_read(vm, t->offset, width);
	case TARGET_IOAPIC: return ioapic_read(vm, t->offset);
	case TARGET_TABLE: return msix_shadow_read(&t->vf->shadow, (u32)t->offset, width);
	case TARGET_MEDIATED: return mediation_read(t->vf, t->offset, width);
	case TARGET_DEVICE: return device_read(t, width);
	default: guest_devices(vm)->absent_mmio++; return ~0ull;
	}
}

static void target_write(struct vm *vm, const struct target *t, unsigned width, u64 value)
{
	int entry;
	switch (t->kind) {
	case TARGET_ECAM: ecam_write(vm, t->offset, width, value); break;
	case TARGET_IOAPIC: ioapic_write(vm, t->offset, (u32)value); break;
	case TARGET_TABLE:
		entry = msix_shadow_write(&t->vf->shadow, (u32)t->offset, width, value);
		if (entry >= 0)
			assigned_vf_msix_changed(vm, t->vf, (u16)entry);
		break;
	case TARGET_MEDIATED: mediation_write(t->vf, t->offset, width, value); break;
	case TARGET_DEVICE: device_write(t, width, value); break;
	default: guest_devices(vm)->absent_mmio++; break;
	}
}

/* --- the instruction --- */

/* The bytes at RIP, once: another vCPU may rewrite them, then we do what we read. Returns how many
 * there are. */
static unsigned fetch_instruction(struct vcpu *v, u8 bytes[INSN_MAX_BYTES])
{
	u64 linear = vcpu_cs_base(v) + vcpu_rip(v);
	unsigned got = 0;
	while (got < INSN_MAX_BYTES) {
		gpa_t at;
		u64 in_page = PAGE_SIZE - ((linear + got) & (PAGE_SIZE - 1));
		unsigned part = (unsigned)MIN((u64)(INSN_MAX_BYTES - got), in_page);
		if (!guest_linear_to_physical(v, linear + got, &at) ||
		    !guest_read(v->vm, at, bytes + got, part))
			break;
		got += part;
	}
	return got;
}

static u64 low_bits(u64 value, unsigned bytes)
{
	return bytes >= 8 ? value : value & (BIT64(8 * bytes) - 1);
}

static u64 stored_value(struct vcpu *v, const struct mmio_insn *insn)
{
	u64 value = insn->immediate ? insn->imm : vcpu_gpr(v, insn->reg);
	return low_bits(insn->high_byte ? value >> 8 : value, insn->width);
}

/* 32-bit results clear the upper half, 8 and 16-bit results leave the rest: SDM Vol. 1
 * section 3.4.1.1. */
static void load_register(struct vcpu *v, const struct mmio_insn *insn, u64 value)
{
	value = low_bits(value, insn->width);
	if (insn->sign_extend && insn->width < 8 && (value >> (8 * insn->width - 1) & 1))
		value |= ~0ull << (8 * insn->width);
	value = low_bits(value, insn->reg_width);
	if (insn->reg_width < 4) {
		unsigned shift = insn->high_byte ? 8 : 0;
		u64 mask = (BIT64(8 * insn->reg_width) - 1) << shift;
		value = (vcpu_gpr(v, insn->reg) & ~mask) | value << shift;
	}
	vcpu_set_gpr(v, insn->reg, value);
}

static enum err decode_at_rip(struct vcpu *v, gpa_t at, bool write, struct mmio_insn *insn,
			      struct why *why)
{
	u8 bytes[INSN_MAX_BYTES] = { 0 };
	unsigned got = fetch_instruction(v, bytes);
	enum err e = mmio_decode(bytes, got, vcpu_cs_long(v), vcpu_cs_default_32(v), insn);
	if (!e && insn->write != write)
		e = ERR_UNSUPPORTED; /* the code was changed after it had run into the exit */
	if (!e && (at.v & (PAGE_SIZE - 1)) + insn->width > PAGE_SIZE)
		e = ERR_UNSUPPORTED; /* crosses a page: no driver does that to registers */
	if (e)
		return fail(why, ERR_UNSUPPORTED, RID_NONE,
			    "VM %s: the instruction at RIP 0x%llx (%02x %02x %02x %02x) is not a "
			    "plain MOV to or from 0x%llx",
			    v->vm->name, ULL(vcpu_rip(v)), bytes[0], bytes[1], bytes[2], bytes[3],
			    ULL(at.v));
	return OK;
}

enum err mmio_access(struct vcpu *v, gpa_t at, bool write, bool fetch, unsigned *length,
		     struct why *why)
{
	struct vm *vm = v->vm;
	struct mmio_insn insn;
	vm_lock(vm);
	struct target t = find_target(vm, at);
	vm_unlock(vm);
	if (t.kind == TARGET_NONE)
		return fail(why, ERR_NOT_FOUND, RID_NONE,
			    "VM %s: nothing is at guest-physical 0x%llx (RIP 0x%llx)", vm->name,
			    ULL(at.v), ULL(vcpu_rip(v)));
	if (fetch)
		return fail(why, ERR_UNSUPPORTED, RID_NONE,
			    "VM %s: cannot execute from device memory at 0x%llx", vm->name,
			    ULL(at.v));
	enum err e = decode_at_rip(v, at, write, &insn, why);
	if (e)
		return e;
	u64 value = write ? stored_value(v, &insn) : 0;
	vm_lock(vm);
	t = find_target(vm, at); /* another vCPU may have moved a BAR meanwhile */
	if (write)
		target_write(vm, &t, insn.width, value);
	else
		value = target_read(vm, &t, insn.width);
	vm_unlock(vm);
	if (!write)
		load_register(v, &insn, value);
	*length = insn.length;
	return OK;
}

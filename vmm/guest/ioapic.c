/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An I/O APIC (Intel 82093AA datasheet, section 3) for the one device of a guest that cannot send
 * messages: the serial port. Two windows: IOREGSEL picks a register, IOWIN is its value. Pins are
 * edge-triggered whatever their entry says: with one source per pin, and that one an ISA device,
 * there is no level to watch.
 */
#include "vmm/guest/devices.h"
#include "vmm/guest/guest.h"

#define OFFSET_SELECT 0x00u
#define OFFSET_WINDOW 0x10u

/* Registers, table 3.1; from REG_TABLE on two per pin, low half first. */
#define REG_ID        0x00u
#define REG_VERSION   0x01u
#define REG_TABLE     0x10u
#define VERSION       0x11u
#define MAX_PIN_SHIFT 16

/* Redirection entry, section 3.2.4. Delivery status and remote IRR are read-only. */
#define ENTRY_VECTOR(e)      ((u8)(e))
#define ENTRY_DELIVERY(e)    ((unsigned)((e) >> 8 & 7))
#define ENTRY_LOGICAL        BIT64(11)
#define ENTRY_STATUS         BIT64(12)
#define ENTRY_REMOTE_IRR     BIT64(14)
#define ENTRY_MASKED         BIT64(16)
#define ENTRY_DESTINATION(e) ((u32)((e) >> 56))
#define ENTRY_WRITABLE       (BITS64(63, 56) | (BITS64(16, 0) & ~(ENTRY_STATUS | ENTRY_REMOTE_IRR)))
#define DELIVERY_FIXED       0u
#define DELIVERY_LOWEST      1u

/* Zeroed memory is all pins unmasked with vector 0, which no APIC takes; reset says masked. */
static struct ioapic *ioapic(struct vm *vm)
{
	struct ioapic *a = &guest_devices(vm)->ioapic;

	if (!a->initialised)
		for (unsigned i = 0; i < IOAPIC_PINS; i++)
			a->entry[i] = ENTRY_MASKED;
	a->initialised = true;
	return a;
}

/* Lowest priority goes to the first vCPU that is meant: there is no bus to arbitrate on. */
static void deliver(struct vm *vm, u64 entry)
{
	unsigned mode = ENTRY_DELIVERY(entry);

	if (mode != DELIVERY_FIXED && mode != DELIVERY_LOWEST)
		return;
	for (unsigned i = 0; i < vm->cpus; i++) {
		struct vcpu *v = vm->vcpu[i];

		if (!vlapic_is_destination(&v->lapic, ENTRY_DESTINATION(entry),
					   entry & ENTRY_LOGICAL))
			continue;
		if (vlapic_post(&v->lapic, ENTRY_VECTOR(entry)))
			vcpu_kick(v);
		if (mode == DELIVERY_LOWEST)
			return;
	}
}

void ioapic_set_line(struct vm *vm, unsigned pin, bool high)
{
	struct ioapic *a = ioapic(vm);
	u32 before = a->lines;

	a->lines = high ? before | BIT(pin) : before & ~BIT(pin);
	if (high && !(before & BIT(pin)) && !(a->entry[pin] & ENTRY_MASKED))
		deliver(vm, a->entry[pin]);
}

/* An edge that came while the pin was masked is not lost: it comes with the unmasking. */
static void write_entry(struct vm *vm, struct ioapic *a, unsigned pin, u64 value)
{
	bool was_masked = a->entry[pin] & ENTRY_MASKED;

	a->entry[pin] = value & ENTRY_WRITABLE;
	if (was_masked && !(value & ENTRY_MASKED) && (a->lines & BIT(pin)))
		deliver(vm, a->entry[pin]);
}

static u32 read_register(const struct ioapic *a)
{
	unsigned half = a->select - REG_TABLE;

	if (a->select == REG_VERSION)
		return VERSION | (IOAPIC_PINS - 1) << MAX_PIN_SHIFT;
	if (a->select >= REG_TABLE && half / 2 < IOAPIC_PINS)
		return (u32)(a->entry[half / 2] >> (half % 2 ? 32 : 0));
	return 0; /* the identity and arbitration registers, and what is not there */
}

static void write_register(struct vm *vm, struct ioapic *a, u32 value)
{
	unsigned half = a->select - REG_TABLE;
	u64 entry;

	if (a->select < REG_TABLE || half / 2 >= IOAPIC_PINS)
		return;
	entry = a->entry[half / 2];
	if (half % 2)
		entry = (u32)entry | (u64)value << 32;
	else
		entry = (entry & BITS64(63, 32)) | value;
	write_entry(vm, a, half / 2, entry);
}

u32 ioapic_read(struct vm *vm, u64 offset)
{
	struct ioapic *a = ioapic(vm);

	if (offset == OFFSET_SELECT)
		return a->select;
	return offset == OFFSET_WINDOW ? read_register(a) : ~0u;
}

void ioapic_write(struct vm *vm, u64 offset, u32 value)
{
	struct ioapic *a = ioapic(vm);

	if (offset == OFFSET_SELECT)
		a->select = (u8)value;
	else if (offset == OFFSET_WINDOW)
		write_register(vm, a, value);
}

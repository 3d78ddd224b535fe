/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ACPI of a guest (ACPI 6.5 chapter 5): RSDP -> XSDT -> FADT (-> DSDT), MADT, MCFG.
 *
 * Hardware-reduced ACPI: no PM timer, no SCI, and the kernel does not look for PIC, PIT or RTC
 * (section 4.1). VFs send messages; the I/O APIC is there for the serial port alone.
 */
#include "base/acpi.h"
#include "base/guest_abi.h"
#include "base/string.h"
#include "vmm/guest/acpi_tables.h"

/* Generic address structure, table 5.1. */
struct acpi_address {
	u8 space, bit_width, bit_offset, access_size;
	u64 address;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_address) == 12, "ACPI 6.5 table 5.1");
#define SPACE_IO    1
#define ACCESS_BYTE 1

struct acpi_rsdp {
	char signature[8];
	u8 checksum; /* of the first 20 bytes */
	char oem_id[6];
	u8 revision;
	u32 rsdt;
	u32 length;
	u64 xsdt;
	u8 extended_checksum;
	u8 reserved[3];
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_rsdp) == 36, "ACPI 6.5 table 5.3");
#define RSDP_OLD_BYTES 20u
#define RSDP_REVISION  2

enum {
	XSDT_FADT,
	XSDT_MADT,
	XSDT_MCFG,
	XSDT_TABLES
};
struct acpi_xsdt {
	struct acpi_header header;
	u64 table[XSDT_TABLES];
} __attribute__((packed));

struct acpi_fadt {
	struct acpi_header header;
	u32 firmware_ctrl, dsdt;
	u8 reserved_44, preferred_pm_profile;
	u8 fixed_hardware[63]; /* SCI, PM1, timer, GPE, RTC: none */
	u16 iapc_boot_arch;
	u8 reserved_111;
	u32 flags;
	struct acpi_address reset_reg;
	u8 reset_value;
	u16 arm_boot_arch;
	u8 minor_version;
	u64 x_firmware_ctrl, x_dsdt;
	struct acpi_address x_fixed[8]; /* fixed hardware: none */
	struct acpi_address sleep_control, sleep_status;
	char hypervisor[8];
} __attribute__((packed));
_Static_assert(offsetof(struct acpi_fadt, iapc_boot_arch) == 109, "ACPI 6.5 table 5.9");
_Static_assert(offsetof(struct acpi_fadt, flags) == 112, "ACPI 6.5 table 5.9");
_Static_assert(offsetof(struct acpi_fadt, x_dsdt) == 140, "ACPI 6.5 table 5.9");
_Static_assert(offsetof(struct acpi_fadt, sleep_control) == 244, "ACPI 6.5 table 5.9");
_Static_assert(sizeof(struct acpi_fadt) == 276, "ACPI 6.5 table 5.9");
#define FADT_REVISION       6
#define FADT_MINOR          5
#define DSDT_REVISION_64BIT 2
#define PROFILE_SERVER      4 /* "enterprise server" */

/* IA-PC boot flags, table 5.11; no 8042, no legacy devices: those bits stay 0. */
#define BOOT_NO_VGA BIT(2)
#define BOOT_NO_RTC BIT(5)

/* Fixed feature flags, table 5.10. */
#define FADT_WBINVD        BIT(0)
#define FADT_PROC_C1       BIT(2)
#define FADT_NO_PWR_BUTTON BIT(4) /* no fixed one */
#define FADT_NO_SLP_BUTTON BIT(5)
#define FADT_RESET_REG     BIT(10)
#define FADT_HEADLESS      BIT(12)
/*
 * "Force APIC physical destination mode": Linux in x2APIC mode would else use logical ids, 16 bits
 * of cluster and 16 of member, which the 8 bits of a message's destination cannot hold.
 */
#define FADT_APIC_PHYSICAL BIT(19)
#define FADT_HW_REDUCED    BIT(20)

/* MADT: tables 5.19, 5.34 (Processor Local x2APIC). */
struct acpi_madt {
	struct acpi_header header;
	u32 local_apic;
	u32 flags;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_madt) == 44, "ACPI 6.5 table 5.19");
struct madt_x2apic {
	u8 type, length;
	u16 reserved;
	u32 x2apic_id;
	u32 flags;
	u32 processor_uid;
} __attribute__((packed));
_Static_assert(sizeof(struct madt_x2apic) == 16, "ACPI 6.5 table 5.34");
struct madt_ioapic {
	u8 type, length;
	u8 id, reserved;
	u32 address;
	u32 first_gsi;
} __attribute__((packed));
_Static_assert(sizeof(struct madt_ioapic) == 12, "ACPI 6.5 table 5.23");
#define MADT_IOAPIC        1
#define MADT_X2APIC        9
#define MADT_ENABLED       BIT(0)
#define MADT_REVISION      6
#define LOCAL_APIC_ADDRESS 0xfee00000u

/* MCFG, PCI Firmware 3.3 table 4-2 and 4-3. */
struct acpi_mcfg {
	struct acpi_header header;
	u64 reserved;
	u64 base;
	u16 segment;
	u8 first_bus, last_bus;
	u32 reserved_end;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_mcfg) == 60, "PCI Firmware 3.3 tables 4-2 and 4-3");
#define MCFG_REVISION  1
#define ECAM_PER_BUS   0x100000u
#define XSDT_REVISION  1
#define TABLE_ALIGN    64u
#define OEM_ID         "COPICE"
#define OEM_TABLE_ID   "GUEST   "
#define CREATOR_ID     0x50504f43u /* "COPP" */
#define TABLE_VERSION  1
#define HYPERVISOR_ID  "CoppiceH" /* FADT: 8 characters */
#define RSDP_SIGNATURE "RSD PTR "

/* Where the next table goes. */
struct writer {
	u8 *ram;
	u64 next;
};

static void *take(struct writer *w, u64 bytes, u64 *gpa)
{
	*gpa = w->next;
	w->next = ALIGN_UP(w->next + bytes, (u64)TABLE_ALIGN);
	return w->ram + *gpa;
}

static u8 checksum(const void *table, u32 bytes)
{
	const u8 *p = table;
	u8 sum = 0;

	for (u32 i = 0; i < bytes; i++)
		sum += p[i];
	return (u8)-sum;
}

/* Fill in the header of a table whose body is complete. */
static void seal(struct acpi_header *h, const char signature[4], u8 revision, u32 bytes)
{
	memcpy(h->signature, signature, sizeof(h->signature));
	h->length = bytes;
	h->revision = revision;
	memcpy(h->oem_id, OEM_ID, sizeof(h->oem_id));
	memcpy(h->oem_table_id, OEM_TABLE_ID, sizeof(h->oem_table_id));
	h->oem_revision = TABLE_VERSION;
	h->creator_id = CREATOR_ID;
	h->creator_revision = TABLE_VERSION;
	h->checksum = 0;
	h->checksum = checksum(h, bytes);
}

static struct acpi_address io_register(u16 port)
{
	return (struct acpi_address){
		.space = SPACE_IO, .bit_width = 8, .access_size = ACCESS_BYTE, .address = port
	};
}

static u64 write_dsdt(struct writer *w, const u8 *dsdt, u32 bytes)
{
	u64 at;

	memcpy(take(w, bytes, &at), dsdt, bytes); /* iasl has made its header and checksum */
	return at;
}

static u64 write_fadt(struct writer *w, u64 dsdt)
{
	u64 at;
	struct acpi_fadt *t = take(w, sizeof(*t), &at);

	t->preferred_pm_profile = PROFILE_SERVER;
	t->iapc_boot_arch = BOOT_NO_VGA | BOOT_NO_RTC;
	t->flags = FADT_WBINVD | FADT_PROC_C1 | FADT_NO_PWR_BUTTON | FADT_NO_SLP_BUTTON |
		   FADT_RESET_REG | FADT_HEADLESS | FADT_APIC_PHYSICAL | FADT_HW_REDUCED;
	t->reset_reg = io_register(GUEST_PORT_RESET);
	t->reset_value = GUEST_RESET_VALUE;
	t->minor_version = FADT_MINOR;
	t->x_dsdt = dsdt;
	t->sleep_control = io_register(GUEST_PORT_SLEEP_CONTROL);
	t->sleep_status = io_register(GUEST_PORT_SLEEP_STATUS);
	memcpy(t->hypervisor, HYPERVISOR_ID, sizeof(t->hypervisor));
	seal(&t->header, "FACP", FADT_REVISION, sizeof(*t));
	return at;
}

static u64 write_madt(struct writer *w, unsigned cpus)
{
	u64 at;
	u32 bytes = (u32)(sizeof(struct acpi_madt) + cpus * sizeof(struct madt_x2apic) +
			  sizeof(struct madt_ioapic));
	struct acpi_madt *t = take(w, bytes, &at);
	struct madt_x2apic *entry = (struct madt_x2apic *)(t + 1);

	t->local_apic = LOCAL_APIC_ADDRESS;
	for (unsigned i = 0; i < cpus; i++)
		entry[i] = (struct madt_x2apic){ .type = MADT_X2APIC,
						 .length = sizeof(*entry),
						 .x2apic_id = i,
						 .flags = MADT_ENABLED,
						 .processor_uid = i };
	*(struct madt_ioapic *)(entry + cpus) =
		(struct madt_ioapic){ .type = MADT_IOAPIC,
				      .length = sizeof(struct madt_ioapic),
				      .address = GUEST_IOAPIC_BASE };
	seal(&t->header, "APIC", MADT_REVISION, bytes);
	return at;
}

static u64 write_mcfg(struct writer *w)
{
	u64 at;
	struct acpi_mcfg *t = take(w, sizeof(*t), &at);

	t->base = GUEST_ECAM_BASE;
	t->last_bus = GUEST_ECAM_SIZE / ECAM_PER_BUS - 1;
	seal(&t->header, "MCFG", MCFG_REVISION, sizeof(*t));
	return at;
}

u64 acpi_tables_write(u8 *ram, unsigned cpus, const u8 *dsdt, u32 dsdt_bytes)
{
	struct writer w = { .ram = ram, .next = ACPI_TABLES_GPA };
	u64 rsdp_gpa, xsdt_gpa;
	struct acpi_rsdp *rsdp = take(&w, sizeof(*rsdp), &rsdp_gpa);
	struct acpi_xsdt *xsdt = take(&w, sizeof(*xsdt), &xsdt_gpa);

	xsdt->table[XSDT_FADT] = write_fadt(&w, write_dsdt(&w, dsdt, dsdt_bytes));
	xsdt->table[XSDT_MADT] = write_madt(&w, cpus);
	xsdt->table[XSDT_MCFG] = write_mcfg(&w);
	seal(&xsdt->header, "XSDT", XSDT_REVISION, sizeof(*xsdt));
	memcpy(rsdp->signature, RSDP_SIGNATURE, sizeof(rsdp->signature));
	memcpy(rsdp->oem_id, OEM_ID, sizeof(rsdp->oem_id));
	rsdp->revision = RSDP_REVISION;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt = xsdt_gpa;
	rsdp->checksum = checksum(rsdp, RSDP_OLD_BYTES);
	rsdp->extended_checksum = checksum(rsdp, sizeof(*rsdp));
	return rsdp_gpa;
}

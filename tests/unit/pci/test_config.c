/* SPDX-License-Identifier: GPL-2.0-only */
/* MCFG as firmware may write it, and ECAM accesses. */
#include "machine.h"

#define MCFG_BYTES  44
#define MAX_ENTRIES 20

struct entry {
	u64 base;
	u16 segment;
	u8 first, last;
	u32 reserved;
} __attribute__((packed));

static struct {
	struct acpi_header header;
	u64 reserved;
	struct entry entry[MAX_ENTRIES];
} __attribute__((packed)) table;

static const struct acpi_header *mcfg(unsigned entries)
{
	memcpy(table.header.signature, "MCFG", 4);
	table.header.length = MCFG_BYTES + entries * sizeof(struct entry);
	return &table.header;
}

static void expect_skipped(struct entry e, const char *reason)
{
	struct why why;

	table.entry[0] = e;
	assert_int_equal(pci_config_init(mcfg(1), &why), ERR_NOT_FOUND);
	assert_int_equal(pci_segment_count(), 0);
	if (!fake_log_contains(reason))
		fail_msg("expected '%s' in '%s'", reason, fake_log_text());
}

static void without_mcfg_the_message_says_what_to_use(void **state)
{
	(void)state;
	struct why why;

	assert_int_equal(pci_config_init(NULL, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "-machine q35"));
	assert_int_equal(pci_read32(HOST_BRIDGE, 0), 0xffffffff);
}

static void an_mcfg_without_entries_is_not_found(void **state)
{
	(void)state;
	struct why why;

	assert_int_equal(pci_config_init(mcfg(0), &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "MCFG has 44 bytes, expected at least 60"));
}

static void half_an_entry_at_the_end_is_not_read(void **state)
{
	(void)state;
	table.entry[0] = (struct entry){ FAKE_ECAM_BASE, 0, 0, 255, 0 };
	mcfg(1);
	table.header.length += 8;
	assert_int_equal(pci_config_init(&table.header, NULL), OK);
	assert_int_equal(pci_segment_count(), 1);
}

static void entries_with_nonsense_are_named_and_skipped(void **state)
{
	(void)state;
	expect_skipped((struct entry){ FAKE_ECAM_BASE, 0, 9, 8, 0 },
		       "first bus is above its last bus");
	expect_skipped((struct entry){ 0, 0, 0, 255, 0 }, "zero or not aligned");
	expect_skipped((struct entry){ FAKE_ECAM_BASE + 4096, 0, 0, 255, 0 },
		       "not aligned to 1 MiB");
	expect_skipped((struct entry){ BIT64(52) - MiB, 0, 0, 255, 0 },
		       "leaves the physical address space");
	expect_skipped((struct entry){ ~0ull << 20, 0, 0, 0, 0 },
		       "leaves the physical address space");
}

static void a_bad_entry_does_not_hide_a_good_one(void **state)
{
	(void)state;
	table.entry[0] = (struct entry){ 1, 7, 0, 255, 0 };
	table.entry[1] = (struct entry){ FAKE_ECAM_BASE, 0, 0, 255, 0 };
	assert_int_equal(pci_config_init(mcfg(2), NULL), OK);
	assert_int_equal(pci_segment_count(), 1);
	assert_int_equal(pci_segment(0)->segment, 0);
	assert_null(pci_segment(1));
	assert_int_equal(pci_read32(HOST_BRIDGE, 0), 0x29c08086);
}

static void two_entries_for_the_same_buses_count_once(void **state)
{
	(void)state;
	table.entry[0] = (struct entry){ FAKE_ECAM_BASE, 0, 0, 255, 0 };
	table.entry[1] = (struct entry){ 0xd0000000, 0, 128, 255, 0 };
	table.entry[2] = (struct entry){ 0xd0000000, 1, 128, 255, 0 };
	assert_int_equal(pci_config_init(mcfg(3), NULL), OK);
	assert_int_equal(pci_segment_count(), 2);
	assert_true(fake_log_contains("an earlier entry covers some of its buses"));
}

static void more_entries_than_there_is_room_for_are_named(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MAX_ENTRIES; i++)
		table.entry[i] = (struct entry){ FAKE_ECAM_BASE, (u16)i, 0, 255, 0 };
	assert_int_equal(pci_config_init(mcfg(MAX_ENTRIES), NULL), OK);
	assert_int_equal(pci_segment_count(), 16);
	assert_true(fake_log_contains("more entries than this hypervisor can hold"));
}

static void an_ecam_range_that_cannot_be_mapped_is_skipped(void **state)
{
	(void)state;
	fake_mmio_map_fail_after(0, ERR_NO_MEMORY);
	expect_skipped((struct entry){ FAKE_ECAM_BASE, 0, 0, 255, 0 }, "cannot be mapped");
}

static void the_base_is_that_of_bus_0_even_if_the_range_begins_later(void **state)
{
	(void)state;
	fake_pci_add(rid_make(0, 0x40, 0, 0), NULL, 0x12345678, 0);
	table.entry[0] = (struct entry){ FAKE_ECAM_BASE, 0, 0x40, 0x4f, 0 };
	assert_int_equal(pci_config_init(mcfg(1), NULL), OK);
	assert_int_equal(pci_read32(rid_make(0, 0x40, 0, 0), 0), 0x12345678);
}

static void buses_and_segments_that_nobody_covers_read_all_ones(void **state)
{
	(void)state;
	table.entry[0] = (struct entry){ FAKE_ECAM_BASE, 0, 0, 0, 0 };
	assert_int_equal(pci_config_init(mcfg(1), NULL), OK);
	assert_int_equal(pci_read8(rid_make(0, 1, 0, 0), 0), 0xff);
	assert_int_equal(pci_read16(rid_make(1, 0, 0, 0), 0), 0xffff);
	unsigned events = fake_event_count();

	pci_write32(rid_make(0, 1, 0, 0), 4, 0);
	pci_write16(rid_make(3, 0, 0, 0), 4, 0);
	assert_int_equal(fake_event_count(), events);
}

static void malformed_accesses_reach_no_device(void **state)
{
	(void)state;
	discover();
	unsigned events = fake_event_count();

	assert_int_equal(pci_read32(HOST_BRIDGE, 2), 0xffffffff);
	assert_int_equal(pci_read16(HOST_BRIDGE, 1), 0xffff);
	assert_int_equal(pci_read8(HOST_BRIDGE, 4096), 0xff);
	pci_write32(HOST_BRIDGE, 4094, 0);
	pci_write16(HOST_BRIDGE, 5, 0);
	pci_write8(HOST_BRIDGE, 65535, 0);
	assert_int_equal(fake_event_count(), events);
}

static void each_width_is_one_access_of_that_width(void **state)
{
	(void)state;
	discover();
	fake_events_clear();
	pci_write8(PORT, 0x3c, 5);
	pci_write16(PORT, PCI_COMMAND, 6);
	pci_write32(PORT, PCI_PREF_BASE_UPPER32, 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(fake_event(i)->kind, FAKE_MMIO_WRITE);
		assert_int_equal(fake_event(i)->width, 1u << i);
	}
	assert_int_equal(fake_event(1)->address, FAKE_ECAM_BASE + (3 << 15) + PCI_COMMAND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_MACHINE(without_mcfg_the_message_says_what_to_use),
		IN_MACHINE(an_mcfg_without_entries_is_not_found),
		IN_MACHINE(half_an_entry_at_the_end_is_not_read),
		IN_MACHINE(entries_with_nonsense_are_named_and_skipped),
		IN_MACHINE(a_bad_entry_does_not_hide_a_good_one),
		IN_MACHINE(two_entries_for_the_same_buses_count_once),
		IN_MACHINE(more_entries_than_there_is_room_for_are_named),
		IN_MACHINE(an_ecam_range_that_cannot_be_mapped_is_skipped),
		IN_MACHINE(the_base_is_that_of_bus_0_even_if_the_range_begins_later),
		IN_MACHINE(buses_and_segments_that_nobody_covers_read_all_ones),
		IN_MACHINE(malformed_accesses_reach_no_device),
		IN_MACHINE(each_width_is_one_access_of_that_width),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* What a guest may write to its VF, and that it is no more than that (S06, S08, R6, R21, R38). */
#include "machine.h"

static struct vf_model m;
static struct sriov_pf *pf;
static const u64 bases[PCI_BARS] = { 0xc0000000, [3] = 0xc0004000 };

#define DEVCTL     (0xa0 + PCI_EXP_DEVCTL)
#define MSIX_FLAGS (0x70 + PCI_MSIX_FLAGS)

static int begin(void **state)
{
	begin_igb(state);
	pf = enable_all();
	assert_int_equal(vf_model_init(&m, &pf->vfs[0], bases, NULL), OK);
	fake_events_record(FAKE_MMIO_READ, true);
	fake_events_clear();
	return 0;
}

#define MODEL(test) cmocka_unit_test_setup(test, begin)

/* The golden list of all that a guest may change: everything else in 4096 bytes is read-only. */
static const struct {
	u16 at;
	u32 bits;
} golden[] = {
	{ 0x04, 0x00000006 },                       /* Command: memory, bus master */
	{ 0x10, 0xffffc000 }, { 0x14, 0xffffffff }, /* BAR0 */
	{ 0x1c, 0xffffc000 }, { 0x20, 0xffffffff }, /* BAR3 */
	{ 0x70, 0xc0000000 },                       /* MSI-X: Enable, Function Mask */
	{ 0xa8, 0x000079ff }, /* Device Control but Initiate FLR, AUX power, phantom functions */
};

static u32 allowed_bits(unsigned dword)
{
	for (unsigned i = 0; i < ARRAY_LEN(golden); i++)
		if (golden[i].at == dword)
			return golden[i].bits;
	return 0;
}

static void the_writable_set_is_golden(void **state)
{
	(void)state;
	for (unsigned at = 0; at < VF_MODEL_BYTES; at += 4) {
		u32 writable;

		memcpy(&writable, &m.writable[at], sizeof(writable));
		if (writable != allowed_bits(at))
			fail_msg("offset %x: writable %08x, golden %08x", at, writable,
				 allowed_bits(at));
	}
}

static u32 random_state = 1;

static u32 next_random(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state ^ random_state >> 15;
}

/*
 * One write: only allowed bits of the addressed bytes may change, and they take what was written.
 */
static void write_and_check(u16 at, unsigned width, u32 value)
{
	static u8 before[VF_MODEL_BYTES];
	unsigned from = at & ~3u;

	memcpy(before, m.value, sizeof(before));
	(void)vf_model_write(&m, at, width, value);
	for (unsigned i = 0; i < 4 && from + i < VF_MODEL_BYTES; i++) {
		unsigned byte = from + i;
		u8 allowed = (u8)(allowed_bits(from) >> 8 * i), expected = before[byte];

		if (byte >= at && byte < at + width)
			expected = (u8)((expected & ~allowed) |
					((value >> 8 * (byte - at)) & allowed));
		if (m.value[byte] != expected)
			fail_msg("write %x to %x (%u): byte %x is %02x, expected %02x", value, at,
				 width, byte, m.value[byte], expected);
		before[byte] = m.value[byte];
	}
	assert_memory_equal(before, m.value, sizeof(before));
	if (at >= VF_MODEL_BYTES)
		assert_int_equal(vf_model_read(&m, at, width), 0);
}

static void a_write_changes_only_what_the_table_allows(void **state)
{
	(void)state;
	unsigned writes = 0;

	for (unsigned width = 1; width <= 4; width *= 2)
		for (unsigned at = 0; at < VF_CONFIG_BYTES; at += width) {
			write_and_check((u16)at, width, 0);
			write_and_check((u16)at, width, ~0u);
			for (unsigned bit = 0; bit < 8 * width; bit++)
				write_and_check((u16)at, width, 1u << bit);
			for (unsigned i = 0; i < 16; i++)
				write_and_check((u16)at, width, next_random());
			writes += 18 + 8 * width;
		}
	assert_true(writes > 200000);
	assert_int_equal(fake_event_count(), 0); /* none of them reached a device */
}

static void malformed_writes_do_nothing(void **state)
{
	(void)state;
	u8 before[VF_MODEL_BYTES];

	memcpy(before, m.value, sizeof(before));
	assert_int_equal(vf_model_write(&m, 5, 2, ~0u), 0);
	assert_int_equal(vf_model_write(&m, 2, 4, ~0u), 0);
	assert_int_equal(vf_model_write(&m, 4, 3, ~0u), 0);
	assert_int_equal(vf_model_write(&m, 4, 0, ~0u), 0);
	assert_int_equal(vf_model_write(&m, 4, 8, ~0u), 0);
	assert_int_equal(vf_model_write(&m, 4096, 4, ~0u), 0);
	assert_int_equal(vf_model_write(&m, 65532, 4, ~0u), 0);
	assert_memory_equal(before, m.value, sizeof(before));
}

static void command_tells_only_when_it_changes(void **state)
{
	(void)state;
	assert_int_equal(vf_model_write(&m, PCI_COMMAND, 2, 0x0006), VF_EFFECT_COMMAND);
	assert_true(vf_model_bus_master(&m));
	assert_true(vf_model_memory(&m));
	assert_int_equal(vf_model_write(&m, PCI_COMMAND, 2, 0x0406), VF_EFFECT_NONE);
	assert_int_equal(vf_model_write(&m, PCI_COMMAND, 1, 0x02), VF_EFFECT_COMMAND);
	assert_false(vf_model_bus_master(&m));
	assert_int_equal(vf_model_read(&m, PCI_COMMAND, 2), 2);
	assert_int_equal(vf_model_write(&m, PCI_COMMAND, 4, 0xffff0002), VF_EFFECT_NONE);
	assert_int_equal(vf_model_read(&m, PCI_STATUS, 2), PCI_STATUS_CAP_LIST);
}

static void sizing_gives_the_size_and_moves_nothing(void **state)
{
	(void)state;
	assert_int_equal(vf_model_write(&m, PCI_BASE_ADDRESS_0, 4, ~0u), VF_EFFECT_NONE);
	assert_int_equal(vf_model_read(&m, PCI_BASE_ADDRESS_0, 4), 0xffffc00c);
	assert_int_equal(vf_model_write(&m, PCI_BASE_ADDRESS_1, 4, ~0u), VF_EFFECT_NONE);
	assert_int_equal(vf_model_read(&m, PCI_BASE_ADDRESS_1, 4), 0xffffffff);
	assert_int_equal(m.bars[0].base, 0xc0000000);
	assert_int_equal(vf_model_write(&m, PCI_BASE_ADDRESS_0, 4, 0xc000000c), VF_EFFECT_NONE);
	assert_int_equal(vf_model_write(&m, PCI_BASE_ADDRESS_1, 4, 0), VF_EFFECT_NONE);
	assert_int_equal(vf_model_read(&m, PCI_BASE_ADDRESS_0, 4), 0xc000000c);
}

static void bars_that_are_not_there_read_zero_after_sizing(void **state)
{
	(void)state;
	assert_int_equal(vf_model_write(&m, PCI_BASE_ADDRESS_2, 4, ~0u), VF_EFFECT_NONE);
	assert_int_equal(vf_model_read(&m, PCI_BASE_ADDRESS_2, 4), 0);
	assert_int_equal(vf_model_write(&m, PCI_ROM_ADDRESS, 4, ~0u), VF_EFFECT_NONE);
	assert_int_equal(vf_model_read(&m, PCI_ROM_ADDRESS, 4), 0);
}

static void a_bar_moves_to_any_good_base_in_the_window(void **state)
{
	(void)state;
	assert_int_equal(vf_model_write(&m, PCI_BASE_ADDRESS_0, 4, 0xd1234000), VF_EFFECT_BAR);
	assert_int_equal(m.bars[0].base, 0xd1234000);
	assert_int_equal(vf_model_write(&m, PCI_BASE_ADDRESS_0, 4, 0xdfffc000), VF_EFFECT_BAR);
	assert_int_equal(vf_model_write(&m, PCI_BASE_ADDRESS_0, 4, 0xdfffc00f), VF_EFFECT_NONE);
	assert_int_equal(vf_model_read(&m, PCI_BASE_ADDRESS_0, 4), 0xdfffc00c);
}

static void bases_outside_the_window_move_nothing(void **state)
{
	(void)state;
	static const u32 outside[] = { 0, 0x1000, 0xbfffc000, 0xe0000000, 0xfee00000, 0xffffc000 };

	for (unsigned i = 0; i < ARRAY_LEN(outside); i++) {
		assert_int_equal(vf_model_write(&m, PCI_BASE_ADDRESS_0, 4, outside[i]),
				 VF_EFFECT_NONE);
		assert_int_equal(m.bars[0].base, 0xc0000000);
	}
	/* In the window by its low half only. */
	assert_int_equal(vf_model_write(&m, PCI_BASE_ADDRESS_0, 4, 0xc0000000), VF_EFFECT_NONE);
	assert_int_equal(vf_model_write(&m, PCI_BASE_ADDRESS_1, 4, 1), VF_EFFECT_NONE);
	assert_int_equal(m.bars[0].base, 0xc0000000);
}

static void a_bar_never_moves_over_the_other(void **state)
{
	(void)state;
	assert_int_equal(vf_model_write(&m, PCI_BASE_ADDRESS_0, 4, 0xc0004000), VF_EFFECT_NONE);
	assert_int_equal(m.bars[0].base, 0xc0000000);
}

static void the_window_can_be_told(void **state)
{
	(void)state;
	vf_model_set_window(&m, 0x800000000, GiB);
	assert_int_equal(vf_model_write(&m, PCI_BASE_ADDRESS_1, 4, 8),
			 VF_EFFECT_NONE); /* 8c0000000: outside */
	assert_int_equal(vf_model_write(&m, PCI_BASE_ADDRESS_0, 4, 0x10000000), VF_EFFECT_BAR);
	assert_int_equal(m.bars[0].base, 0x810000000);
	assert_int_equal(vf_model_write(&m, PCI_BASE_ADDRESS_0, 4, 0xc0000000), VF_EFFECT_NONE);
	/* Where it was at first is always good. */
	assert_int_equal(vf_model_write(&m, PCI_BASE_ADDRESS_1, 4, 0), VF_EFFECT_BAR);
	assert_int_equal(m.bars[0].base, 0xc0000000);
}

static void msix_control_tells_and_is_seen(void **state)
{
	(void)state;
	assert_int_equal(vf_model_write(&m, MSIX_FLAGS, 2, 0xc000), VF_EFFECT_MSIX);
	assert_true(vf_model_msix_enabled(&m));
	assert_true(vf_model_msix_masked(&m));
	assert_int_equal(vf_model_write(&m, MSIX_FLAGS, 2, 0x87ff), VF_EFFECT_MSIX);
	assert_false(vf_model_msix_masked(&m));
	assert_int_equal(vf_model_read(&m, MSIX_FLAGS, 2), 0x8002);
	assert_int_equal(vf_model_write(&m, MSIX_FLAGS, 2, 0x8002), VF_EFFECT_NONE);
	assert_int_equal(vf_model_write(&m, 0x70, 4, 0x0), VF_EFFECT_MSIX);
	assert_int_equal(vf_model_read(&m, 0x70, 2), 0xa011);
}

static void flr_is_told_each_time_and_never_stored(void **state)
{
	(void)state;
	assert_int_equal(vf_model_write(&m, DEVCTL, 2, 0x2810 | PCI_EXP_DEVCTL_BCR_FLR),
			 VF_EFFECT_FLR);
	assert_int_equal(vf_model_read(&m, DEVCTL, 2), 0x2810);
	assert_int_equal(vf_model_write(&m, DEVCTL + 1, 1, 0xa8), VF_EFFECT_FLR);
	assert_int_equal(vf_model_write(&m, DEVCTL, 1, 0x80),
			 VF_EFFECT_DEVCTL); /* bit 7 of the low byte is MPS */
	assert_int_equal(vf_model_write(&m, DEVCTL, 4, 0xffff8000),
			 VF_EFFECT_FLR | VF_EFFECT_DEVCTL);
}

static void a_vf_without_flr_does_not_tell_one(void **state)
{
	(void)state;
	pf->vfs[0].caps.device_cap &= ~PCI_EXP_DEVCAP_FLR;
	assert_int_equal(vf_model_init(&m, &pf->vfs[0], bases, NULL), OK);
	assert_int_equal(vf_model_read(&m, 0xa0 + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR, 0);
	assert_int_equal(vf_model_write(&m, DEVCTL, 2, 0x2810 | PCI_EXP_DEVCTL_BCR_FLR),
			 VF_EFFECT_NONE);
}

static void device_control_is_the_guests_own_copy(void **state)
{
	(void)state;
	assert_int_equal(vf_model_write(&m, DEVCTL, 2, 0x5020), VF_EFFECT_DEVCTL);
	assert_int_equal(vf_model_read(&m, DEVCTL, 2), 0x5020);
	assert_int_equal(vf_model_write(&m, DEVCTL, 2, 0x5220),
			 VF_EFFECT_NONE); /* phantom functions stay off */
	assert_int_equal(vf_model_read(&m, DEVCTL, 2), 0x5020);
}

static void a_reset_brings_back_what_init_gave(void **state)
{
	(void)state;
	static struct vf_model first;

	first = m;
	for (unsigned at = 0; at < 256; at += 4)
		(void)vf_model_write(&m, (u16)at, 4, next_random());
	(void)vf_model_write(&m, PCI_BASE_ADDRESS_1, 4, 0);
	(void)vf_model_write(&m, PCI_BASE_ADDRESS_0, 4, 0xd0000000);
	vf_model_reset(&m);
	assert_memory_equal(m.value, first.value, sizeof(m.value));
	assert_memory_equal(m.writable, first.writable, sizeof(m.writable));
	assert_int_equal(m.bars[0].base, 0xc0000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MODEL(the_writable_set_is_golden),
		MODEL(a_write_changes_only_what_the_table_allows),
		MODEL(malformed_writes_do_nothing),
		MODEL(command_tells_only_when_it_changes),
		MODEL(sizing_gives_the_size_and_moves_nothing),
		MODEL(bars_that_are_not_there_read_zero_after_sizing),
		MODEL(a_bar_moves_to_any_good_base_in_the_window),
		MODEL(bases_outside_the_window_move_nothing),
		MODEL(a_bar_never_moves_over_the_other),
		MODEL(the_window_can_be_told),
		MODEL(msix_control_tells_and_is_seen),
		MODEL(flr_is_told_each_time_and_never_stored),
		MODEL(a_vf_without_flr_does_not_tell_one),
		MODEL(device_control_is_the_guests_own_copy),
		MODEL(a_reset_brings_back_what_init_gave),
	};

	return cmocka_run_group_tests_name("VF model writes", tests, NULL, NULL);
}

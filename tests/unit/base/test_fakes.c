/* SPDX-License-Identifier: GPL-2.0-only */
/* The fakes are what other tests trust: what they promise in fakes.h. */
#include "base_test.h"

#include "base/acpi.h"
#include "base/panic.h"
#include "base/time.h"

struct counter {
	unsigned reads, writes;
	u64 offset, value;
};

static u64 count_read(void *ctx, u64 offset, unsigned width)
{
	struct counter *c = ctx;

	c->reads++;
	c->offset = offset;
	return 0x1122334455667788 + width;
}

static void count_write(void *ctx, u64 offset, unsigned width, u64 value)
{
	struct counter *c = ctx;

	(void)width;
	c->writes++;
	c->offset = offset;
	c->value = value;
}

static void an_access_reaches_the_handler_of_its_range(void **state)
{
	struct counter a = { 0 }, b = { 0 };
	struct mmio m;

	(void)state;
	fake_mmio_add(hpa(0x10000), 0x1000, count_read, count_write, &a);
	fake_mmio_add(hpa(0x11000), 0x1000, count_read, count_write, &b);
	assert_int_equal(mmio_map(hpa(0x10800), 0x1000, &m), OK);
	assert_int_equal(mmio_read16(&m, 4), 0x778a);
	assert_int_equal(a.offset, 0x804);
	mmio_write64(&m, 0x808, 42);
	assert_int_equal(b.offset, 8);
	assert_int_equal(b.value, 42);
	assert_int_equal(a.reads + b.writes, 2);
}

static void a_later_range_lies_over_an_earlier_one_until_it_is_removed(void **state)
{
	u32 registers[4] = { 1, 2, 3, 4 };
	struct counter over = { 0 };
	struct mmio m;

	(void)state;
	fake_mmio_add_memory(hpa(0x10000), 16, registers);
	fake_mmio_add(hpa(0x10004), 4, count_read, count_write, &over);
	assert_int_equal(mmio_map(hpa(0x10000), 16, &m), OK);
	mmio_write32(&m, 0, 7);
	mmio_write32(&m, 4, 8);
	assert_int_equal(registers[0], 7);
	assert_int_equal(registers[1], 2);
	assert_int_equal(over.writes, 1);
	fake_mmio_remove(hpa(0x10004));
	assert_int_equal(mmio_read32(&m, 4), 2);
}

static void where_nothing_is_reads_give_all_ones(void **state)
{
	struct mmio m;

	(void)state;
	assert_int_equal(mmio_map(hpa(0x10000), 16, &m), OK);
	assert_int_equal(mmio_read8(&m, 0), 0xff);
	assert_int_equal(mmio_read32(&m, 0), 0xffffffff);
	assert_true(mmio_read64(&m, 0) == ~0ull);
	mmio_write32(&m, 0, 0);
	assert_int_equal(port_in16(0x60), 0xffff);
}

static void mapping_can_be_made_to_fail(void **state)
{
	struct mmio m;

	(void)state;
	fake_mmio_map_fail_after(1, ERR_NO_MEMORY);
	assert_int_equal(mmio_map(hpa(0x10000), 16, &m), OK);
	assert_int_equal(mmio_map(hpa(0x10000), 16, &m), ERR_NO_MEMORY);
	assert_int_equal(mmio_map(hpa(0x10000), 16, &m), ERR_NO_MEMORY);
}

static void ports_have_ranges_too(void **state)
{
	struct counter c = { 0 };

	(void)state;
	fake_port_add(0x3f8, 8, count_read, count_write, &c);
	assert_int_equal(port_in8(0x3fd), 0x89);
	assert_int_equal(c.offset, 5);
	port_out8(0x3f8, 'x');
	assert_int_equal(c.value, 'x');
	port_out8(0x400, 'y');
	assert_int_equal(c.value, 'x');
}

static void events_keep_their_order(void **state)
{
	u64 table[16] = { 0 };
	struct mmio m;
	int flush, fence, doorbell;

	(void)state;
	assert_int_equal(mmio_map(hpa(0x10000), 16, &m), OK);
	cache_write_back(table, sizeof(table));
	store_fence();
	mmio_write32(&m, 8, 1);
	flush = fake_event_find(0, FAKE_CACHE_WRITE_BACK, (uintptr_t)&table[3]);
	fence = fake_event_find(0, FAKE_STORE_FENCE, 0);
	doorbell = fake_event_find(0, FAKE_MMIO_WRITE, 0x10008);
	assert_true(flush >= 0 && flush < fence && fence < doorbell);
	assert_int_equal(fake_event_find(0, FAKE_MMIO_WRITE, 0x1000c), -1);
	assert_int_equal(fake_event_find((unsigned)doorbell + 1, FAKE_MMIO_WRITE, 0x10008), -1);
	assert_int_equal(fake_event((unsigned)doorbell)->value, 1);
}

static void reads_are_recorded_only_on_request(void **state)
{
	struct mmio m;

	(void)state;
	assert_int_equal(mmio_map(hpa(0x10000), 16, &m), OK);
	mmio_read32(&m, 0);
	assert_int_equal(fake_event_count(), 0);
	fake_events_record(FAKE_MMIO_READ, true);
	mmio_read32(&m, 0);
	assert_int_equal(fake_event_count(), 1);
	fake_events_clear();
	assert_int_equal(fake_event_count(), 0);
}

static void write_backs_may_come_in_pieces_and_in_any_order(void **state)
{
	u8 table[256] = { 0 };

	(void)state;
	cache_write_back(table + 128, 128);
	cache_write_back(table, 64);
	assert_false(fake_written_back(0, fake_event_count(), table, 256));
	cache_write_back(table + 60, 100);
	assert_true(fake_written_back(0, fake_event_count(), table, 256));
	assert_false(fake_written_back(1, fake_event_count(), table, 256));
	assert_true(fake_written_back(0, 1, table + 128, 128));
}

static void note_time(void *ctx, u64 now_ns)
{
	*(u64 *)ctx = now_ns;
}

static void time_moves_by_steps_and_delays_and_tells_the_device(void **state)
{
	u64 seen = 0;

	(void)state;
	fake_time_on_advance(note_time, &seen);
	assert_int_equal(time_now_ns(), 1000);
	time_delay_ns(NS_PER_MS);
	assert_int_equal(seen, NS_PER_MS + 1000);
	fake_time_set_step(5);
	assert_int_equal(time_now_ns(), NS_PER_MS + 1005);
	assert_int_equal(fake_time_now(), NS_PER_MS + 1005);
}

static void physical_memory_is_mapped_only_where_it_is_whole(void **state)
{
	const u8 buffer[64] = { 0 };

	(void)state;
	fake_phys_add(hpa(0xe0000), buffer, sizeof(buffer));
	assert_ptr_equal(phys_map(hpa(0xe0010), 48), buffer + 16);
	assert_null(phys_map(hpa(0xe0010), 49));
	assert_null(phys_map(hpa(0xdffff), 2));
}

static void a_bug_is_caught_with_its_text(void **state)
{
	(void)state;
	assert_true(FAKE_CATCHES_BUG(HV_BUG("number %d", 7)));
	assert_string_equal(fake_bug_text(), "number 7");
	assert_false(FAKE_CATCHES_BUG(HV_ASSERT(1 + 1 == 2)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_access_reaches_the_handler_of_its_range),
		TEST(a_later_range_lies_over_an_earlier_one_until_it_is_removed),
		TEST(where_nothing_is_reads_give_all_ones),
		TEST(mapping_can_be_made_to_fail),
		TEST(ports_have_ranges_too),
		TEST(events_keep_their_order),
		TEST(reads_are_recorded_only_on_request),
		TEST(write_backs_may_come_in_pieces_and_in_any_order),
		TEST(time_moves_by_steps_and_delays_and_tells_the_device),
		TEST(physical_memory_is_mapped_only_where_it_is_whole),
		TEST(a_bug_is_caught_with_its_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The virtual local APIC against the SDM's x2APIC chapter (Vol. 3A 11.12) and timer section
 * (11.5.4). */
#include "base/types.h"
#include "vmm/emulate/vlapic_regs.h"

#define TIMER_KHZ 1000000ull /* one tick is one nanosecond */
#define TSC_KHZ   2000000ull

static struct vlapic lapic;
static struct vlapic_ipi ipi;
static u64 now;

static int setup(void **state)
{
	(void)state;
	vlapic_init(&lapic, 3, TIMER_KHZ, TSC_KHZ);
	now = 1000;
	return 0;
}

static bool write_msr(u32 msr, u64 value)
{
	return vlapic_msr_write(&lapic, msr, value, now, now * 2, &ipi);
}

static u64 read_msr(u32 msr)
{
	u64 value = ~0ull;
	assert_true(vlapic_msr_read(&lapic, msr, now, &value));
	return value;
}

static bool readable(u32 msr)
{
	u64 value;
	return vlapic_msr_read(&lapic, msr, now, &value);
}

static void enable(void)
{
	assert_true(write_msr(X2APIC_SVR, SVR_ENABLED | 0xff));
}

#define LVT(entry) (X2APIC_LVT + (entry))

/* --- registers --- */

static void after_init_the_apic_is_disabled_and_every_entry_masked(void **state)
{
	(void)state;
	assert_int_equal(read_msr(X2APIC_ID), 3);
	assert_int_equal(read_msr(X2APIC_SVR), 0xff);
	assert_int_equal(read_msr(X2APIC_TPR), 0);
	assert_int_equal(read_msr(X2APIC_LDR), 8); /* cluster 0, bit 3 */
	for (unsigned i = 0; i < LVT_ENTRIES; i++)
		assert_int_equal(read_msr(LVT(i)), LVT_MASKED);
}

static void the_logical_id_is_cluster_and_bit_of_the_physical_one(void **state)
{
	(void)state;
	vlapic_init(&lapic, 0x25, TIMER_KHZ, TSC_KHZ);
	assert_int_equal(read_msr(X2APIC_LDR), 0x20020);
	assert_true(vlapic_is_destination(&lapic, 0x20021, true));
	assert_false(vlapic_is_destination(&lapic, 0x20001, true));
	assert_false(vlapic_is_destination(&lapic, 0x10020, true));
	assert_true(vlapic_is_destination(&lapic, 0x25, false));
	assert_false(vlapic_is_destination(&lapic, 0x5, false));
	assert_true(vlapic_is_destination(&lapic, 0xffffffff, false));
	assert_true(vlapic_is_destination(&lapic, 0xffffffff, true));
}

static void version_tells_the_number_of_entries_and_no_eoi_suppression(void **state)
{
	(void)state;
	assert_int_equal(read_msr(X2APIC_VERSION), 0x14 | (LVT_ENTRIES - 1) << 16);
}

/* SDM Vol. 3A table 11-6, with what we leave out (CMCI) not there. */
static bool exists(u32 msr, bool *may_read, bool *may_write)
{
	static const u32 read_only[] = { X2APIC_ID, X2APIC_VERSION, X2APIC_PPR, X2APIC_LDR,
					 X2APIC_TIMER_CURRENT };
	static const u32 write_only[] = { X2APIC_EOI, X2APIC_SELF_IPI };
	static const u32 both[] = { X2APIC_TPR,     X2APIC_SVR,           X2APIC_ESR,
				    X2APIC_ICR,     LVT(LVT_TIMER),       LVT(LVT_THERMAL),
				    LVT(LVT_PERF),  LVT(LVT_LINT0),       LVT(LVT_LINT1),
				    LVT(LVT_ERROR), X2APIC_TIMER_INITIAL, X2APIC_TIMER_DIVIDE };
	*may_read = msr >= X2APIC_ISR && msr < X2APIC_IRR + 8;
	*may_write = false;
	for (unsigned i = 0; i < ARRAY_LEN(read_only); i++)
		*may_read |= read_only[i] == msr;
	for (unsigned i = 0; i < ARRAY_LEN(write_only); i++)
		*may_write |= write_only[i] == msr;
	for (unsigned i = 0; i < ARRAY_LEN(both); i++)
		*may_read |= both[i] == msr, *may_write |= both[i] == msr;
	return *may_read || *may_write;
}

static void every_msr_of_the_range_reads_and_writes_as_the_table_says_or_faults(void **state)
{
	(void)state;
	for (u32 msr = X2APIC_MSR_FIRST; msr <= X2APIC_MSR_LAST; msr++) {
		bool may_read, may_write;
		exists(msr, &may_read, &may_write);
		assert_int_equal(readable(msr), may_read);
		assert_int_equal(write_msr(msr, 0), may_write);
	}
}

static void reserved_bits_fault_and_change_nothing(void **state)
{
	static const struct {
		u32 msr;
		u64 bad;
	} cases[] = {
		{ X2APIC_TPR, 0x100 },
		{ X2APIC_EOI, 1 },
		{ X2APIC_SVR, BIT(12) },
		{ X2APIC_SVR, BIT(10) },
		{ X2APIC_ESR, 1 },
		{ X2APIC_TIMER_DIVIDE, 4 },
		{ X2APIC_TIMER_DIVIDE, 0x10 },
		{ X2APIC_SELF_IPI, 0x100 },
		{ LVT(LVT_TIMER), 3u << 17 },
		{ LVT(LVT_TIMER), BIT(19) },
		{ LVT(LVT_TIMER), 0x100 },
		{ LVT(LVT_ERROR), 0x100 },
		{ LVT(LVT_THERMAL), BIT(13) },
		{ LVT(LVT_LINT0), BIT(17) },
		{ X2APIC_ICR, BIT64(12) },
		{ X2APIC_ICR, BIT64(13) },
		{ X2APIC_ICR, BIT64(16) },
		{ X2APIC_ICR, BIT64(20) },
		{ X2APIC_TPR, BIT64(32) },
		{ X2APIC_TIMER_INITIAL, BIT64(32) },
		{ LVT(LVT_TIMER), BIT64(63) },
	};
	(void)state;
	enable();
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct vlapic before = lapic;
		assert_false(write_msr(cases[i].msr, cases[i].bad));
		assert_memory_equal(&before, &lapic, sizeof(lapic));
		assert_false(ipi.valid);
	}
}

static void read_only_bits_of_an_entry_are_ignored_not_refused(void **state)
{
	(void)state;
	enable();
	assert_true(write_msr(LVT(LVT_LINT0), LVT_STATUS | LVT_REMOTE_IRR | 0x700));
	assert_int_equal(read_msr(LVT(LVT_LINT0)), 0x700);
}

/* --- delivery --- */

static void an_interrupt_goes_from_irr_to_isr_and_eoi_ends_the_highest(void **state)
{
	(void)state;
	enable();
	assert_true(vlapic_post(&lapic, 0x31));
	assert_true(vlapic_post(&lapic, 0x62));
	assert_int_equal(read_msr(X2APIC_IRR + 1), BIT(0x11));
	assert_int_equal(vlapic_deliverable(&lapic), 0x62);
	vlapic_accept(&lapic, 0x62);
	assert_int_equal(read_msr(X2APIC_ISR + 3), BIT(2));
	assert_int_equal(read_msr(X2APIC_IRR + 3), 0);
	assert_int_equal(read_msr(X2APIC_PPR), 0x60);
	assert_int_equal(vlapic_deliverable(&lapic), -1); /* 0x31 waits for the EOI */
	lapic.pending = 0;
	assert_true(write_msr(X2APIC_EOI, 0));
	assert_int_equal(read_msr(X2APIC_ISR + 3), 0);
	assert_int_equal(vlapic_deliverable(&lapic), 0x31);
	assert_int_equal(lapic.pending, 1); /* without it the entry path would not look */
}

static void a_higher_class_interrupts_a_lower_one_but_the_same_class_waits(void **state)
{
	(void)state;
	enable();
	vlapic_post(&lapic, 0x41);
	vlapic_accept(&lapic, 0x41);
	vlapic_post(&lapic, 0x4f);
	assert_int_equal(vlapic_deliverable(&lapic), -1);
	vlapic_post(&lapic, 0x50);
	assert_int_equal(vlapic_deliverable(&lapic), 0x50);
	vlapic_accept(&lapic, 0x50);
	assert_true(write_msr(X2APIC_EOI, 0)); /* ends 0x50, not 0x41 */
	assert_int_equal(read_msr(X2APIC_PPR), 0x40);
	assert_true(write_msr(X2APIC_EOI, 0));
	assert_int_equal(vlapic_deliverable(&lapic), 0x4f);
}

static void task_priority_holds_back_its_class_and_below(void **state)
{
	(void)state;
	enable();
	vlapic_post(&lapic, 0x45);
	assert_true(write_msr(X2APIC_TPR, 0x40));
	assert_int_equal(read_msr(X2APIC_PPR), 0x40);
	assert_int_equal(vlapic_deliverable(&lapic), -1);
	lapic.pending = 0;
	assert_true(write_msr(X2APIC_TPR, 0x3f));
	assert_int_equal(vlapic_deliverable(&lapic), 0x45);
	assert_int_equal(lapic.pending, 1); /* the entry path must look again */
}

static void ppr_is_the_whole_tpr_when_it_wins_and_only_the_class_of_isr_otherwise(void **state)
{
	(void)state;
	enable();
	vlapic_post(&lapic, 0x47);
	vlapic_accept(&lapic, 0x47);
	assert_true(write_msr(X2APIC_TPR, 0x43));
	assert_int_equal(vlapic_ppr(&lapic), 0x43);
	assert_true(write_msr(X2APIC_TPR, 0x3f));
	assert_int_equal(vlapic_ppr(&lapic), 0x40);
}

static void vectors_below_16_are_never_posted(void **state)
{
	(void)state;
	enable();
	for (unsigned v = 0; v < 16; v++)
		assert_false(vlapic_post(&lapic, (u8)v));
	assert_true(vlapic_post(&lapic, 16));
	assert_int_equal(read_msr(X2APIC_IRR), BIT(16));
}

static void a_disabled_apic_takes_no_interrupt_and_keeps_its_entries_masked(void **state)
{
	(void)state;
	assert_false(vlapic_post(&lapic, 0x40));
	assert_int_equal(lapic.pending, 0);
	assert_true(write_msr(LVT(LVT_TIMER), 0x40));
	assert_int_equal(read_msr(LVT(LVT_TIMER)), 0x40 | LVT_MASKED);
	enable();
	assert_true(write_msr(LVT(LVT_TIMER), 0x40));
	assert_int_equal(read_msr(LVT(LVT_TIMER)), 0x40);
	assert_true(write_msr(X2APIC_SVR, 0xff));
	assert_int_equal(read_msr(LVT(LVT_TIMER)), 0x40 | LVT_MASKED);
}

static void an_eoi_with_nothing_in_service_does_nothing(void **state)
{
	(void)state;
	enable();
	vlapic_post(&lapic, 0x50);
	assert_true(write_msr(X2APIC_EOI, 0));
	assert_int_equal(vlapic_deliverable(&lapic), 0x50);
}

/* --- inter-processor interrupts --- */

static void an_icr_write_tells_the_caller_what_the_guest_wants(void **state)
{
	(void)state;
	enable();
	assert_true(write_msr(X2APIC_ICR, 0x500000000ull | BIT64(11) | 0x4055));
	assert_true(ipi.valid);
	assert_int_equal(ipi.vector, 0x55);
	assert_int_equal(ipi.delivery_mode, 0);
	assert_int_equal(ipi.destination, 5);
	assert_true(ipi.logical);
	assert_true(ipi.level_assert);
	assert_int_equal(ipi.shorthand, 0);
	assert_true(write_msr(X2APIC_ICR, 0xc0000 | 0x4500)); /* INIT, all but self */
	assert_int_equal(ipi.delivery_mode, 5);
	assert_int_equal(ipi.shorthand, 3);
	assert_true(write_msr(X2APIC_ICR, 0x100000000ull | 0x4608)); /* start-up at 0x8000 */
	assert_true(ipi.valid);
	assert_int_equal(ipi.delivery_mode, 6);
	assert_int_equal(ipi.vector, 8);
	assert_int_equal(read_msr(X2APIC_ICR), 0x100004608);
}

static void init_deassert_smi_and_reserved_modes_send_nothing(void **state)
{
	static const u64 silent[] = { 0x8500, 0x200, 0x300, 0x700 };
	(void)state;
	enable();
	for (unsigned i = 0; i < ARRAY_LEN(silent); i++) {
		assert_true(write_msr(X2APIC_ICR, silent[i]));
		assert_false(ipi.valid);
	}
}

static void a_fixed_ipi_with_an_illegal_vector_is_an_error_not_an_interrupt(void **state)
{
	(void)state;
	enable();
	assert_true(write_msr(LVT(LVT_ERROR), 0x33));
	assert_true(write_msr(X2APIC_ICR, 0x4005));
	assert_false(ipi.valid);
	assert_int_equal(vlapic_deliverable(&lapic), 0x33);
	assert_int_equal(read_msr(X2APIC_ESR), 0); /* shows only what was there at the last write */
	assert_true(write_msr(X2APIC_ESR, 0));
	assert_int_equal(read_msr(X2APIC_ESR), ESR_SEND_ILLEGAL_VECTOR);
	assert_true(write_msr(X2APIC_ESR, 0));
	assert_int_equal(read_msr(X2APIC_ESR), 0);
}

static void self_ipi_is_a_fixed_interrupt_to_oneself(void **state)
{
	(void)state;
	enable();
	assert_true(write_msr(X2APIC_SELF_IPI, 0x77));
	assert_true(ipi.valid);
	assert_int_equal(ipi.shorthand, 1);
	assert_int_equal(ipi.vector, 0x77);
	assert_true(write_msr(X2APIC_TPR, 0));
	assert_false(ipi.valid); /* no write leaves the last one's IPI behind */
	assert_true(write_msr(X2APIC_SELF_IPI, 5));
	assert_false(ipi.valid);
}

/* --- timer --- */

static void start_timer(u32 lvt, u32 divide, u32 initial)
{
	enable();
	assert_true(write_msr(LVT(LVT_TIMER), lvt));
	assert_true(write_msr(X2APIC_TIMER_DIVIDE, divide));
	assert_true(write_msr(X2APIC_TIMER_INITIAL, initial));
}

static void a_one_shot_timer_fires_once_when_its_count_is_over(void **state)
{
	(void)state;
	start_timer(0x40, 0xb, 1000000); /* divide by 1 */
	assert_int_equal(vlapic_timer_poll(&lapic, now), now + 1000000);
	now += 400000;
	assert_int_equal(read_msr(X2APIC_TIMER_CURRENT), 600000);
	assert_int_equal(vlapic_deliverable(&lapic), -1);
	now += 600000;
	assert_int_equal(vlapic_timer_poll(&lapic, now), 0);
	assert_int_equal(vlapic_deliverable(&lapic), 0x40);
	assert_int_equal(read_msr(X2APIC_TIMER_CURRENT), 0);
	vlapic_accept(&lapic, 0x40);
	now += 10000000;
	assert_int_equal(vlapic_timer_poll(&lapic, now), 0);
	assert_int_equal(lapic.timer_fires, 1);
}

static void each_divide_value_slows_the_count_as_the_manual_says(void **state)
{
	static const struct {
		u32 code, divisor;
	} table[] = { { 0, 2 },  { 1, 4 },  { 2, 8 },    { 3, 16 },
		      { 8, 32 }, { 9, 64 }, { 10, 128 }, { 11, 1 } };
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(table); i++) {
		setup(NULL);
		start_timer(0x40, table[i].code, 1000);
		assert_int_equal(vlapic_timer_poll(&lapic, now), now + 1000ull * table[i].divisor);
	}
}

static void a_periodic_timer_keeps_its_phase_and_joins_missed_periods(void **state)
{
	(void)state;
	start_timer(LVT_TIMER_PERIODIC | 0x40, 0xb, 100000);
	u64 start = now;
	assert_int_equal(vlapic_timer_poll(&lapic, start + 100000), start + 200000);
	assert_int_equal(vlapic_timer_poll(&lapic, start + 570000), start + 600000);
	assert_int_equal(lapic.timer_fires, 2);
}

static void a_short_period_cannot_keep_the_core_busy(void **state)
{
	(void)state;
	start_timer(LVT_TIMER_PERIODIC | 0x40, 0xb, 1);
	u64 next = vlapic_timer_poll(&lapic, now + 1);
	assert_true(next >= now + 1 + VLAPIC_MIN_PERIOD_NS);
}

static void a_masked_timer_counts_but_raises_nothing(void **state)
{
	(void)state;
	start_timer(LVT_MASKED | 0x40, 0xb, 1000);
	assert_int_equal(vlapic_timer_poll(&lapic, now + 1000), 0);
	assert_int_equal(lapic.timer_fires, 1);
	assert_int_equal(vlapic_deliverable(&lapic), -1);
}

static void an_initial_count_of_zero_stops_the_timer(void **state)
{
	(void)state;
	start_timer(0x40, 0xb, 1000);
	assert_true(write_msr(X2APIC_TIMER_INITIAL, 0));
	assert_int_equal(vlapic_timer_poll(&lapic, now + 5000), 0);
	assert_int_equal(lapic.timer_fires, 0);
}

static void changing_the_divider_goes_on_from_the_current_count(void **state)
{
	(void)state;
	start_timer(0x40, 0xb, 1000);
	now += 400;
	assert_true(write_msr(X2APIC_TIMER_DIVIDE, 0)); /* by 2 */
	assert_int_equal(read_msr(X2APIC_TIMER_CURRENT), 600);
	assert_int_equal(vlapic_timer_poll(&lapic, now), now + 1200);
}

static void a_tsc_deadline_fires_at_that_tsc_and_then_reads_zero(void **state)
{
	(void)state;
	enable();
	assert_true(write_msr(LVT(LVT_TIMER), LVT_TIMER_TSC_DEADLINE | 0x41));
	assert_true(write_msr(IA32_TSC_DEADLINE_MSR, now * 2 + 20000)); /* 2 GHz: 10 us from now */
	assert_int_equal(read_msr(IA32_TSC_DEADLINE_MSR), now * 2 + 20000);
	assert_int_equal(vlapic_timer_poll(&lapic, now), now + 10000);
	assert_int_equal(vlapic_timer_poll(&lapic, now + 10000), 0);
	assert_int_equal(vlapic_deliverable(&lapic), 0x41);
	assert_int_equal(read_msr(IA32_TSC_DEADLINE_MSR), 0);
}

static void a_deadline_in_the_past_is_due_at_once_and_zero_disarms(void **state)
{
	(void)state;
	enable();
	assert_true(write_msr(LVT(LVT_TIMER), LVT_TIMER_TSC_DEADLINE | 0x41));
	assert_true(write_msr(IA32_TSC_DEADLINE_MSR, 1));
	assert_int_equal(vlapic_timer_poll(&lapic, now), 0);
	assert_int_equal(lapic.timer_fires, 1);
	assert_true(write_msr(IA32_TSC_DEADLINE_MSR, now * 2 + 20000));
	assert_true(write_msr(IA32_TSC_DEADLINE_MSR, 0));
	assert_int_equal(vlapic_timer_poll(&lapic, now + 1000000), 0);
	assert_int_equal(lapic.timer_fires, 1);
}

static void a_deadline_beyond_all_time_does_not_wrap_into_now(void **state)
{
	(void)state;
	enable();
	assert_true(write_msr(LVT(LVT_TIMER), LVT_TIMER_TSC_DEADLINE | 0x41));
	assert_true(write_msr(IA32_TSC_DEADLINE_MSR, ~0ull));
	assert_true(vlapic_timer_poll(&lapic, now) > now + 1000000000000ull);
	assert_int_equal(lapic.timer_fires, 0);
	vlapic_init(&lapic, 0, 1, 1); /* the slowest clocks */
	enable();
	assert_true(write_msr(LVT(LVT_TIMER), LVT_TIMER_TSC_DEADLINE | 0x41));
	assert_true(write_msr(IA32_TSC_DEADLINE_MSR, ~0ull));
	assert_true(vlapic_timer_poll(&lapic, now) > now + 1000000000000ull);
}

static void the_two_kinds_of_timer_ignore_each_others_registers(void **state)
{
	(void)state;
	start_timer(0x40, 0xb, 1000);
	assert_true(write_msr(IA32_TSC_DEADLINE_MSR, now * 2 + 100));
	assert_int_equal(read_msr(IA32_TSC_DEADLINE_MSR), 0);
	assert_true(write_msr(LVT(LVT_TIMER), LVT_TIMER_TSC_DEADLINE | 0x41)); /* disarms */
	assert_int_equal(vlapic_timer_poll(&lapic, now + 5000), 0);
	assert_true(write_msr(X2APIC_TIMER_INITIAL, 1000));
	assert_int_equal(read_msr(X2APIC_TIMER_INITIAL), 0);
	assert_int_equal(read_msr(X2APIC_TIMER_CURRENT), 0);
}

static void without_a_tsc_clock_there_is_no_deadline_mode(void **state)
{
	(void)state;
	vlapic_init(&lapic, 0, TIMER_KHZ, 0);
	enable();
	assert_false(write_msr(LVT(LVT_TIMER), LVT_TIMER_TSC_DEADLINE | 0x41));
	assert_false(write_msr(IA32_TSC_DEADLINE_MSR, 5));
	assert_false(readable(IA32_TSC_DEADLINE_MSR));
}

static void a_timer_with_an_illegal_vector_reports_an_error(void **state)
{
	(void)state;
	start_timer(0x05, 0xb, 1000);
	vlapic_timer_poll(&lapic, now + 1000);
	assert_int_equal(vlapic_deliverable(&lapic), -1);
	assert_true(write_msr(X2APIC_ESR, 0));
	assert_int_equal(read_msr(X2APIC_ESR), ESR_RECEIVE_ILLEGAL_VECTOR);
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(after_init_the_apic_is_disabled_and_every_entry_masked),
		T(the_logical_id_is_cluster_and_bit_of_the_physical_one),
		T(version_tells_the_number_of_entries_and_no_eoi_suppression),
		T(every_msr_of_the_range_reads_and_writes_as_the_table_says_or_faults),
		T(reserved_bits_fault_and_change_nothing),
		T(read_only_bits_of_an_entry_are_ignored_not_refused),
		T(an_interrupt_goes_from_irr_to_isr_and_eoi_ends_the_highest),
		T(a_higher_class_interrupts_a_lower_one_but_the_same_class_waits),
		T(task_priority_holds_back_its_class_and_below),
		T(ppr_is_the_whole_tpr_when_it_wins_and_only_the_class_of_isr_otherwise),
		T(vectors_below_16_are_never_posted),
		T(a_disabled_apic_takes_no_interrupt_and_keeps_its_entries_masked),
		T(an_eoi_with_nothing_in_service_does_nothing),
		T(an_icr_write_tells_the_caller_what_the_guest_wants),
		T(init_deassert_smi_and_reserved_modes_send_nothing),
		T(a_fixed_ipi_with_an_illegal_vector_is_an_error_not_an_interrupt),
		T(self_ipi_is_a_fixed_interrupt_to_oneself),
		T(a_one_shot_timer_fires_once_when_its_count_is_over),
		T(each_divide_value_slows_the_count_as_the_manual_says),
		T(a_periodic_timer_keeps_its_phase_and_joins_missed_periods),
		T(a_short_period_cannot_keep_the_core_busy),
		T(a_masked_timer_counts_but_raises_nothing),
		T(an_initial_count_of_zero_stops_the_timer),
		T(changing_the_divider_goes_on_from_the_current_count),
		T(a_tsc_deadline_fires_at_that_tsc_and_then_reads_zero),
		T(a_deadline_in_the_past_is_due_at_once_and_zero_disarms),
		T(a_deadline_beyond_all_time_does_not_wrap_into_now),
		T(the_two_kinds_of_timer_ignore_each_others_registers),
		T(without_a_tsc_clock_there_is_no_deadline_mode),
		T(a_timer_with_an_illegal_vector_reports_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The devices that only a stock kernel uses: I/O APIC, serial interrupt, power registers, clock. */
#include <linux/serial_reg.h>
#include <string.h>

#include "vmm/world.h"

#define COM1            0x3f8
#define CMOS_INDEX      0x70
#define CMOS_DATA       0x71
#define SVR_ENABLED     0x1ff
#define MSR_SVR         0x80f
#define VECTOR          0x41
#define ENTRY_MASKED    BIT(16)
#define ENTRY_LOGICAL   BIT(11)
#define ENTRY_LOWEST    BIT(8)
#define ENTRY_READ_ONLY (BIT(12) | BIT(14))

static struct vm *vm;
static struct vcpu *v;

static int setup(void **state)
{
	world_setup(state);
	vm = world_vm(0);
	v = vm->vcpu[0];
	for (unsigned i = 0; i < vm->cpus; i++) {
		struct vlapic_ipi ipi;
		vlapic_init(&vm->vcpu[i]->lapic, i, 1000000, 2000000);
		assert_true(
			vlapic_msr_write(&vm->vcpu[i]->lapic, MSR_SVR, SVR_ENABLED, 0, 0, &ipi));
	}
	return 0;
}

static u32 reg_read(u32 reg)
{
	ioapic_write(vm, 0x00, reg);
	assert_int_equal(ioapic_read(vm, 0x00), reg);
	return ioapic_read(vm, 0x10);
}

static void reg_write(u32 reg, u32 value)
{
	ioapic_write(vm, 0x00, reg);
	ioapic_write(vm, 0x10, value);
}

static void pin_write(unsigned pin, u32 high, u32 low)
{
	reg_write(0x11 + 2 * pin, high);
	reg_write(0x10 + 2 * pin, low);
}

static bool pending(unsigned cpu, u8 vector)
{
	return vm->vcpu[cpu]->lapic.irr[vector / 32] >> vector % 32 & 1;
}

static void pulse(unsigned pin)
{
	ioapic_set_line(vm, pin, true);
	ioapic_set_line(vm, pin, false);
}

static void the_io_apic_says_that_it_has_24_pins_all_masked(void **state)
{
	(void)state;
	assert_int_equal(reg_read(1), 0x00170011);
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
		assert_int_equal(reg_read(0x10 + 2 * pin), ENTRY_MASKED);
}

static void an_edge_on_an_open_pin_arrives_once_as_its_vector(void **state)
{
	(void)state;
	pin_write(4, 0, VECTOR);
	ioapic_set_line(vm, 4, true);
	assert_true(pending(0, VECTOR));
	vlapic_accept(&v->lapic, VECTOR);
	ioapic_set_line(vm, 4, true);
	assert_false(pending(0, VECTOR));
	ioapic_set_line(vm, 4, false);
	ioapic_set_line(vm, 4, true);
	assert_true(pending(0, VECTOR));
}

static void a_masked_pin_is_silent_and_its_edge_comes_with_the_unmasking(void **state)
{
	(void)state;
	pin_write(4, 0, VECTOR | ENTRY_MASKED);
	ioapic_set_line(vm, 4, true);
	assert_false(pending(0, VECTOR));
	pin_write(4, 0, VECTOR);
	assert_true(pending(0, VECTOR));
}

static void an_interrupt_goes_to_the_vcpu_that_the_entry_names_and_to_no_other(void **state)
{
	(void)state;
	assert_true(vm->cpus >= 2);
	pin_write(4, 1u << 24, VECTOR);
	pulse(4);
	assert_true(pending(1, VECTOR));
	assert_false(pending(0, VECTOR));
	assert_int_equal(world.kicked_index, 1);
}

static void an_interrupt_for_a_vcpu_that_does_not_exist_goes_nowhere(void **state)
{
	(void)state;
	pin_write(4, 200u << 24, VECTOR);
	pulse(4);
	for (unsigned i = 0; i < vm->cpus; i++)
		assert_false(pending(i, VECTOR));
}

static void the_lowest_priority_mode_reaches_one_vcpu_of_a_logical_set(void **state)
{
	(void)state;
	pin_write(4, 3u << 24, VECTOR | ENTRY_LOGICAL | ENTRY_LOWEST);
	pulse(4);
	assert_int_equal(pending(0, VECTOR) + pending(1, VECTOR), 1);
}

static void delivery_modes_that_no_isa_device_has_are_ignored(void **state)
{
	(void)state;
	for (unsigned mode = 2; mode < 8; mode++) {
		pin_write(4, 0, VECTOR | mode << 8);
		pulse(4);
		assert_false(pending(0, VECTOR));
	}
}

static void an_illegal_vector_is_not_posted(void **state)
{
	(void)state;
	pin_write(4, 0, 3);
	pulse(4);
	assert_int_equal(v->lapic.irr[0], 0);
}

static void read_only_bits_of_an_entry_stay_clear(void **state)
{
	(void)state;
	pin_write(7, ~0u, ~0u);
	assert_int_equal(reg_read(0x10 + 14), 0x1ffff & ~ENTRY_READ_ONLY);
	assert_int_equal(reg_read(0x11 + 14), 0xff000000);
}

static void registers_that_are_not_there_read_zero_and_take_nothing(void **state)
{
	(void)state;
	for (u32 reg = 0; reg < 0x100; reg++)
		if (reg < 0x10 || reg >= 0x10 + 2 * IOAPIC_PINS)
			reg_write(reg, ~0u);
	for (u32 reg = 0x10 + 2 * IOAPIC_PINS; reg < 0x100; reg++)
		assert_int_equal(reg_read(reg), 0);
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
		assert_int_equal(reg_read(0x10 + 2 * pin), ENTRY_MASKED);
	assert_int_equal(ioapic_read(vm, 0x20), ~0u);
}

/* --- serial port --- */

static void open_com1(void)
{
	pin_write(GUEST_COM1_PIN, 0, VECTOR);
	ioport_write(v, COM1 + UART_MCR, 1, UART_MCR_OUT2);
}

static void a_typed_byte_interrupts_a_guest_that_asked_for_it(void **state)
{
	(void)state;
	open_com1();
	uart_receive(vm, 'x');
	assert_false(pending(0, VECTOR));
	(void)ioport_read(v, COM1, 1);
	ioport_write(v, COM1 + UART_IER, 1, UART_IER_RDI);
	uart_receive(vm, 'x');
	assert_true(pending(0, VECTOR));
}

static void a_sent_byte_interrupts_again_each_time(void **state)
{
	(void)state;
	open_com1();
	ioport_write(v, COM1 + UART_IER, 1, UART_IER_THRI);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(pending(0, VECTOR));
		vlapic_accept(&v->lapic, VECTOR);
		assert_int_equal(ioport_read(v, COM1 + UART_IIR, 1) & 0xf, UART_IIR_THRI);
		assert_false(pending(0, VECTOR));
		ioport_write(v, COM1, 1, '\n');
	}
}

static void without_out2_or_in_loop_back_the_port_is_silent(void **state)
{
	(void)state;
	open_com1();
	ioport_write(v, COM1 + UART_MCR, 1, 0);
	ioport_write(v, COM1 + UART_IER, 1, UART_IER_RDI | UART_IER_THRI);
	uart_receive(vm, 'x');
	assert_false(pending(0, VECTOR));
	ioport_write(v, COM1 + UART_MCR, 1, UART_MCR_OUT2 | UART_MCR_LOOP);
	uart_receive(vm, 'x');
	assert_false(pending(0, VECTOR));
	ioport_write(v, COM1 + UART_MCR, 1, UART_MCR_OUT2);
	assert_true(pending(0, VECTOR));
}

/* --- power --- */

#define S5_AND_ENABLE 0x34u /* SLP_TYP 5 in bits 4:2, SLP_EN */

static void power_off_ends_the_vm_with_the_status_that_was_written_before(void **state)
{
	(void)state;
	ioport_write(v, GUEST_PORT_EXIT_STATUS, 1, 42);
	assert_false(world.ended);
	ioport_write(v, GUEST_PORT_SLEEP_CONTROL, 1, S5_AND_ENABLE);
	assert_true(world.ended);
	assert_int_equal(world.end_status, 42);
}

static void power_off_without_a_status_is_success(void **state)
{
	(void)state;
	ioport_write(v, GUEST_PORT_SLEEP_CONTROL, 1, S5_AND_ENABLE);
	assert_true(world.ended);
	assert_int_equal(world.end_status, 0);
}

static void other_sleep_types_and_a_missing_enable_do_nothing(void **state)
{
	(void)state;
	for (u32 value = 0; value < 0x100; value++)
		if ((value & 0x3c) != S5_AND_ENABLE)
			ioport_write(v, GUEST_PORT_SLEEP_CONTROL, 1, value);
	assert_false(world.ended);
	assert_int_equal(ioport_read(v, GUEST_PORT_SLEEP_STATUS, 1), 0);
}

static void only_the_reset_value_restarts_the_vm(void **state)
{
	(void)state;
	for (u32 value = 0; value < 0x100; value++)
		if (value != GUEST_RESET_VALUE)
			ioport_write(v, GUEST_PORT_RESET, 1, value);
	assert_false(world.ended);
	ioport_write(v, GUEST_PORT_RESET, 1, GUEST_RESET_VALUE);
	assert_true(world.ended);
	assert_non_null(strstr(world.end_text, "restarted by the guest"));
}

static void the_status_port_reads_as_the_number_of_restarts(void **state)
{
	(void)state;
	vm->starts = 1;
	assert_int_equal(ioport_read(v, GUEST_PORT_EXIT_STATUS, 1), 0);
	vm->starts = 3;
	assert_int_equal(ioport_read(v, GUEST_PORT_EXIT_STATUS, 1), 2);
	vm->starts = 1000;
	assert_int_equal(ioport_read(v, GUEST_PORT_EXIT_STATUS, 1), 255);
}

/* --- clock --- */

static struct {
	u8 index, read[256], written[256];
} chip;

static u64 chip_read(void *ctx, u64 offset, unsigned width)
{
	(void)ctx, (void)width;
	if (offset == 1)
		chip.read[chip.index]++;
	return 0x40 + chip.index;
}

static void chip_write(void *ctx, u64 offset, unsigned width, u64 value)
{
	(void)ctx, (void)width;
	if (offset == 0)
		chip.index = (u8)value;
	else
		chip.written[chip.index]++;
}

static void the_clock_is_the_hosts_and_no_other_byte_of_its_memory_is_read(void **state)
{
	(void)state;
	static const u8 shown[] = { 0, 2, 4, 6, 7, 8, 9, 0xa, 0xb, 0xd, 0x32 };
	memset(&chip, 0, sizeof(chip));
	fake_port_add(CMOS_INDEX, 2, chip_read, chip_write, NULL);
	for (unsigned i = 0; i < 256; i++) {
		ioport_write(v, CMOS_INDEX, 1, i);
		u32 value = ioport_read(v, CMOS_DATA, 1);
		bool is_shown = memchr(shown, (int)(i & 0x7f), sizeof(shown)) != NULL;
		assert_int_equal(value, is_shown ? 0x40 + (i & 0x7f) : 0);
		assert_int_equal(chip.read[i], i < 0x80 && is_shown);
	}
}

static void the_clock_cannot_be_set_and_the_hosts_nmi_not_masked(void **state)
{
	(void)state;
	memset(&chip, 0, sizeof(chip));
	fake_port_add(CMOS_INDEX, 2, chip_read, chip_write, NULL);
	ioport_write(v, CMOS_INDEX, 1, 0x80);
	ioport_write(v, CMOS_DATA, 1, 0x59);
	(void)ioport_read(v, CMOS_DATA, 1);
	assert_int_equal(chip.index, 0);
	assert_int_equal(chip.written[0], 0);
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_io_apic_says_that_it_has_24_pins_all_masked),
		T(an_edge_on_an_open_pin_arrives_once_as_its_vector),
		T(a_masked_pin_is_silent_and_its_edge_comes_with_the_unmasking),
		T(an_interrupt_goes_to_the_vcpu_that_the_entry_names_and_to_no_other),
		T(an_interrupt_for_a_vcpu_that_does_not_exist_goes_nowhere),
		T(the_lowest_priority_mode_reaches_one_vcpu_of_a_logical_set),
		T(delivery_modes_that_no_isa_device_has_are_ignored),
		T(an_illegal_vector_is_not_posted),
		T(read_only_bits_of_an_entry_stay_clear),
		T(registers_that_are_not_there_read_zero_and_take_nothing),
		T(a_typed_byte_interrupts_a_guest_that_asked_for_it),
		T(a_sent_byte_interrupts_again_each_time),
		T(without_out2_or_in_loop_back_the_port_is_silent),
		T(power_off_ends_the_vm_with_the_status_that_was_written_before),
		T(power_off_without_a_status_is_success),
		T(other_sleep_types_and_a_missing_enable_do_nothing),
		T(only_the_reset_value_restarts_the_vm),
		T(the_status_port_reads_as_the_number_of_restarts),
		T(the_clock_is_the_hosts_and_no_other_byte_of_its_memory_is_read),
		T(the_clock_cannot_be_set_and_the_hosts_nmi_not_masked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

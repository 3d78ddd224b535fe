/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Off, and on again. Each way is tried and given time; the next one follows if we are still here.
 */
#include "base/fadt.h"
#include "base/hw/cpu.h"
#include "base/hw/insn.h"
#include "base/log.h"
#include "base/mmio.h"
#include "base/time.h"

/* ACPI 6.5 section 4.8.3.2.1: PM1 control. */
#define PM1_SCI_EN        BIT(0)
#define PM1_SLP_TYP_SHIFT 10
#define PM1_SLP_EN        BIT(13)
#define GIVE_IT_TIME      (500 * NS_PER_MS)

static bool sci_is_enabled(void *port)
{
	return port_in16(*(const u16 *)port) & PM1_SCI_EN;
}

/* Firmware may have left the PM1 registers to SMM; section 4.8.3.1 says how to take them over. */
static void enter_acpi_mode(struct acpi_power *p)
{
	if (!p->smi_command || !p->acpi_enable || sci_is_enabled(&p->pm1a_control))
		return;
	port_out8(p->smi_command, p->acpi_enable);
	if (wait_until(sci_is_enabled, &p->pm1a_control, 300 * NS_PER_MS) != OK)
		log_warn(
			"power",
			"the firmware does not hand over its power registers; trying nevertheless");
}

static void write_sleep(u16 port, u8 sleep_type)
{
	u16 value = (u16)(port_in16(port) & ~(7u << PM1_SLP_TYP_SHIFT) & ~PM1_SLP_EN);

	port_out16(port, (u16)(value | (sleep_type & 7u) << PM1_SLP_TYP_SHIFT | PM1_SLP_EN));
}

void power_off(void)
{
	struct acpi_power p = acpi_power_read();

	interrupts_off();
	log_text("coppice: power-off\n");
	serial_drain();
	if (p.can_power_off) {
		enter_acpi_mode(&p);
		write_sleep(p.pm1a_control, p.sleep_type_a);
		if (p.pm1b_control)
			write_sleep(p.pm1b_control, p.sleep_type_b);
		time_delay_ns(GIVE_IT_TIME);
	}
	/*
	 * Emulators without ACPI tables: QEMU's q35 and Bochs. Nobody else has anything at these
	 * ports.
	 */
	port_out16(0x604, 0x2000);
	port_out16(0xb004, 0x2000);
	time_delay_ns(GIVE_IT_TIME);
	log_text("coppice: cannot power off; it is safe to switch the machine off\n");
	halt_forever();
}

void power_reboot(void)
{
	struct acpi_power p = acpi_power_read();

	interrupts_off();
	log_text("coppice: reboot\n");
	serial_drain();
	if (p.reset_port) {
		port_out8(p.reset_port, p.reset_value);
		time_delay_ns(GIVE_IT_TIME);
	}
	/*
	 * Reset control register of Intel's chipsets: hard reset, in two steps; then the keyboard
	 * controller's pulse.
	 */
	port_out8(0xcf9, 0x02);
	port_out8(0xcf9, 0x06);
	time_delay_ns(GIVE_IT_TIME);
	port_out8(0x64, 0xfe);
	time_delay_ns(GIVE_IT_TIME);
	log_text("coppice: cannot restart; please press reset\n");
	halt_forever();
}

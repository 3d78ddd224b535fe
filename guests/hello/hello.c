/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest without devices: says what it got, checks that its RAM is wiped, that CPUID names the
 * hypervisor, and that HLT wakes on the timer. `do=<name>` makes it do something else first; see
 * misbehave.c and docs/guest-abi.md.
 */
#include "hello.h"

#include "base/hw/insn.h"
#include "guard.h"
#include "interrupt.h"

#define SIGNATURE_BYTES 13 /* three registers and a NUL */
#define TIMER_SHOTS     5
#define TIMER_PERIOD    (2 * NS_PER_MS)
#define TIMER_LATEST    (2 * NS_PER_S) /* an emulated host may be busy */

static void signature(u32 leaf, bool vendor_order, char text[SIGNATURE_BYTES])
{
	struct cpuid_result r = cpuid(leaf, 0);
	u32 words[] = { r.ebx, r.ecx, r.edx };

	/* Leaf 0 spells "Genu" "ineI" "ntel" in EBX, EDX, ECX (SDM volume 2A, CPUID). */
	if (vendor_order) {
		words[1] = r.edx;
		words[2] = r.ecx;
	}
	memcpy(text, words, sizeof(words));
	text[sizeof(words)] = '\0';
}

static int check_hypervisor(void)
{
	char vendor[SIGNATURE_BYTES], hypervisor[SIGNATURE_BYTES];
	u32 abi = cpuid(COPPICE_CPUID_ABI, 0).eax;
	u32 khz = cpuid(COPPICE_CPUID_TIME, 0).eax;

	signature(0, true, vendor);
	signature(COPPICE_CPUID_BASE, false, hypervisor);
	print("CPU vendor %s, hypervisor %s, ABI version %u, TSC %u kHz\n", vendor, hypervisor, abi,
	      khz);
	if (strcmp(hypervisor, "CoppiceHV") || abi != COPPICE_ABI_VERSION) {
		print("FAILED: expected hypervisor CoppiceHV with ABI version %u\n",
		      COPPICE_ABI_VERSION);
		return STATUS_FAILED;
	}
	if (khz != guest->tsc_khz) {
		print("FAILED: start data says TSC %llu kHz\n", (unsigned long long)guest->tsc_khz);
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

static void on_timer(void *ctx)
{
	(*(volatile unsigned *)ctx)++;
}

static int check_timer(void)
{
	volatile unsigned fired = 0;
	u64 begin = now_ns();

	interrupt_set(VECTOR_TIMER, on_timer, (void *)&fired);
	for (unsigned shot = 1; shot <= TIMER_SHOTS; shot++) {
		u64 armed = now_ns();

		apic_timer_once(TIMER_PERIOD);
		while (fired < shot) {
			/* Interrupts are off here, so the timer cannot fire between the look at
			 * `fired` and HLT. */
			halt_until_interrupt();
			if (fired < shot && now_ns() - armed > TIMER_LATEST) {
				print("FAILED: HLT came back, but not by the timer\n");
				return STATUS_FAILED;
			}
		}
		if (now_ns() - armed < TIMER_PERIOD / 2) {
			print("FAILED: timer of %llu ns after %llu ns\n", TIMER_PERIOD,
			      (unsigned long long)(now_ns() - armed));
			return STATUS_FAILED;
		}
	}
	print("HLT woke %u times on the timer in %llu us\n", fired,
	      (unsigned long long)(now_ns() - begin) / 1000);
	return STATUS_OK;
}

static int run_behaviour(const char *text)
{
	size_t name_len = 0;
	u64 argument = 0;

	while (text[name_len] && text[name_len] != '=')
		name_len++;
	if (text[name_len]) {
		const char *digits = text + name_len + 1, *end;

		argument = parse_number(digits, 16, &end);
		if (end == digits || *end)
			guest_die(STATUS_USAGE, "cmdline: do=%s needs a hexadecimal number", text);
	}
	for (const struct behaviour *b = misbehaviours; b->name; b++)
		if (strlen(b->name) == name_len && !strncmp(b->name, text, name_len))
			return b->run(argument);
	guest_die(STATUS_USAGE, "cmdline: do=%s: hello knows no such thing", text);
}

int guest_main(void)
{
	char what[CMDLINE_VALUE_BYTES];
	int status;

	print("hello from %s: %u CPUs, %llu MiB RAM, cmdline \"%s\"\n", guest->name, guest->cpus,
	      (unsigned long long)(guest->ram_bytes / MiB), guest->cmdline);
	status = check_hypervisor();
	if (guard_is_wiped())
		print("RAM is wiped\n");
	else
		status = STATUS_FAILED;
	apic_init();
	if (!status && cmdline_get("do", what))
		return run_behaviour(what);
	measure_exits();
	if (!status)
		status = check_timer();
	print("%s\n", status ? "hello failed" : "hello is done");
	return status;
}

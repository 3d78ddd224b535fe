/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports, the serial port, the console, hypercalls and the loader's start tables. */
#include <linux/elf.h>
#include <linux/serial_reg.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "vmm/world.h"
#include "vmm/vmx/vmx.h"

static struct vm *vm;
static struct vcpu *v;

static int setup(void **state)
{
	world_setup(state);
	vm = world_vm(0);
	v = vm->vcpu[0];
	return 0;
}

static s64 call(u64 number, u64 rdi, u64 rsi)
{
	v->gpr[RAX] = number;
	v->gpr[RDI] = rdi;
	v->gpr[RSI] = rsi;
	(void)on_vmcall(v);
	return (s64)v->gpr[RAX];
}

static u64 put_text(const char *text)
{
	assert_true(guest_write(vm, gpa(0x5000), text, strlen(text)));
	return strlen(text);
}

/* --- console and hypercalls --- */

static void text_becomes_lines_with_the_vms_name(void **state)
{
	(void)state;
	u64 len = put_text("hello\nwor");
	assert_int_equal(call(HC_CONSOLE_WRITE, 0x5000, len), len);
	assert_string_equal(fake_log_text(), "[a] hello\n");
	len = put_text("ld\r\n");
	call(HC_CONSOLE_WRITE, 0x5000, len);
	assert_string_equal(fake_log_text(), "[a] hello\n[a] world\n");
}

static void the_last_line_is_shown_when_the_vm_ends(void **state)
{
	(void)state;
	vm_console_write(vm, "no newline", 10);
	assert_string_equal(fake_log_text(), "");
	call(HC_EXIT, 3, 0);
	assert_string_equal(fake_log_text(), "[a] no newline\n");
	assert_int_equal(world.end_status, 3);
}

static void escape_sequences_do_not_reach_the_terminal(void **state)
{
	(void)state;
	vm_console_write(vm, "\033[2J\007x\x9by\x7f\x9f\xa0z\n", 13);
	assert_string_equal(fake_log_text(), "[a] ?[2J?x?y??\xa0z\n");
}

static void a_line_without_end_is_cut_into_pieces(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		vm_console_write(vm, "x", 1);
	vm_console_flush(vm);
	const char *text = fake_log_text();
	unsigned letters = 0;
	for (; *text; text++)
		letters += *text == 'x';
	assert_int_equal(letters, 1000);
}

static void a_guest_that_floods_its_console_is_limited_and_the_rest_counted(void **state)
{
	(void)state;
	fake_time_advance(5000000000);
	fake_time_set_step(0);
	for (unsigned i = 0; i < CONSOLE_LINES + 500; i++)
		vm_console_write(vm, "a\n", 2);
	unsigned lines = 0;
	for (const char *p = fake_log_text(); *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, CONSOLE_LINES);
	fake_time_advance(2000000000);
	vm_console_write(vm, "b\n", 2);
	assert_true(fake_log_contains("(500 lines not shown"));
}

static void hypercall_arguments_outside_ram_are_refused(void **state)
{
	static const struct {
		u64 at, len;
	} bad[] = { { WORLD_RAM, 1 }, { WORLD_RAM - 4, 5 }, { ~0ull, 2 },
		    { ~0ull - 3, 4 }, { 0, 4097 },          { 0x1000, ~0ull } };
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(call(HC_CONSOLE_WRITE, bad[i].at, bad[i].len), HC_E_ARGUMENT);
	assert_int_equal(call(HC_CONSOLE_WRITE, WORLD_RAM - 4, 4), 4);
	assert_int_equal(call(HC_CONSOLE_WRITE, WORLD_RAM, 0), 0);
	assert_int_equal(call(HC_CONSOLE_WRITE, 0, 4096), 4096);
}

static void unknown_hypercalls_say_so(void **state)
{
	(void)state;
	assert_int_equal(call(0, 0, 0), HC_E_UNKNOWN);
	assert_int_equal(call(7, 0, 0), HC_E_UNKNOWN);
	assert_int_equal(call(~0ull, 0, 0), HC_E_UNKNOWN);
	assert_int_equal(call(1ull << 32 | HC_TIME, 0, 0), HC_E_UNKNOWN);
}

static void user_mode_makes_no_hypercalls(void **state)
{
	(void)state;
	world.privilege = 3;
	v->gpr[RAX] = HC_EXIT;
	assert_int_equal(on_vmcall(v), INJECT_UD);
	assert_false(world.ended);
}

static void exit_statuses_are_a_byte(void **state)
{
	(void)state;
	call(HC_EXIT, 0, 0);
	assert_true(world.ended);
	assert_int_equal(world.end_status, 0);
	call(HC_EXIT, 256, 0);
	assert_int_equal(world.end_status, 255);
	assert_non_null(strstr(world.end_text, "0x100"));
}

static void figures_are_kept_and_replaced(void **state)
{
	(void)state;
	assert_int_equal(call(HC_FIGURE, FIGURE_FRAMES_SENT, 5), 0);
	assert_int_equal(call(HC_FIGURE, FIGURE_FRAMES_SENT, 9), 0);
	assert_int_equal(vm->figure[FIGURE_FRAMES_SENT], 9);
	assert_true(vm->figure_set[FIGURE_FRAMES_SENT]);
	assert_false(vm->figure_set[FIGURE_ERRORS]);
	assert_int_equal(call(HC_FIGURE, COPPICE_FIGURES, 1), HC_E_ARGUMENT);
}

static void the_shared_page_is_mapped_below_the_windows_end_and_filled(void **state)
{
	(void)state;
	assert_int_equal(call(HC_SHARED_PAGE, 0, 0), HC_E_NONE);
	world_wish(0, "igb0", 1);
	world_assign(0);
	u64 at = (u64)call(HC_SHARED_PAGE, 0, 0);
	const struct world_mapping *m = world_ept(at);
	assert_non_null(m);
	assert_int_equal(m->prot, EPT_READ | EPT_WRITE);
	assert_false(m->uncached);
	assert_true(at >= GUEST_MMIO_BASE &&
		    at + PAGE_SIZE <= (u64)GUEST_MMIO_BASE + GUEST_MMIO_SIZE);
	const struct coppice_vf_page *page = vm->vf[0]->page;
	assert_int_equal(page->magic, COPPICE_VF_PAGE_MAGIC);
	assert_int_equal(page->sequence, 2);
	assert_int_equal(page->mtu, 1501);
	assert_int_equal(call(HC_DOORBELL, 0, 0), 0);
	assert_int_equal(page->sequence, 4);
	assert_int_equal(page->request_answered, 1);
	assert_int_equal(call(HC_DOORBELL, 1, 0), HC_E_NONE);
	assert_int_equal(call(HC_SHARED_PAGE, ~0ull, 0), HC_E_NONE);
}

static void a_shared_page_takes_memory_only_once_the_guest_has_asked_for_it(void **state)
{
	(void)state;
	u64 before = pool_used(POOL_VM);
	world_wish(0, "igb0", 0);
	world_assign(0);
	u64 with_vf = pool_used(POOL_VM);
	assert_int_equal(with_vf, before + 1);
	assert_int_equal(call(HC_DOORBELL, 0, 0), HC_E_NONE);
	for (unsigned k = 1; k <= 2; k++) { /* no page, no table of EPT */
		fake_fail_step(k);
		assert_int_equal(call(HC_SHARED_PAGE, 0, 0), HC_E_NONE);
		assert_true(fake_step_failed());
		assert_int_equal(pool_used(POOL_VM), with_vf);
	}
	fake_fail_step(0);
	u64 at = (u64)call(HC_SHARED_PAGE, 0, 0);
	assert_int_equal(pool_used(POOL_VM), with_vf + 1);
	assert_int_equal(assigned_vf_bytes(vm->vf[0]), 2 * PAGE_SIZE);
	assert_int_equal((u64)call(HC_SHARED_PAGE, 0, 0), at);
	assert_int_equal(pool_used(POOL_VM), with_vf + 1);
	world_release(0);
	assert_int_equal(pool_used(POOL_VM), before);
}

static void a_guest_that_scribbles_over_the_shared_page_gets_it_back_whole(void **state)
{
	(void)state;
	world_wish(0, "igb0", 0);
	world_assign(0);
	call(HC_SHARED_PAGE, 0, 0);
	memset(vm->vf[0]->page, 0xff, PAGE_SIZE);
	master(0)->changed(master(0), &world.vf[0]);
	assert_int_equal(vm->vf[0]->page->magic, COPPICE_VF_PAGE_MAGIC);
	assert_int_equal(vm->vf[0]->page->mtu, 1500);
	assert_int_equal(vm->vf[0]->page->sequence & 1, 0);
	world_release(0);
	master(0)->changed(master(0), &world.vf[0]); /* late: nobody's page */
}

/* --- ports --- */

#define COM1 0x3f8

static void unlisted_ports_read_all_ones_are_dropped_and_counted(void **state)
{
	static const u16 ports[] = { 0,     0x20,  0x40,  0x60,  0x6f,  0x72,  0x80,
				     0xcf9, 0xcfb, 0xd00, 0x2f8, 0x3f7, 0x400, 0xffff };
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(ports); i++) {
		assert_int_equal(ioport_read(v, ports[i], 1), 0xff);
		ioport_write(v, ports[i], 1, 0x12);
	}
	assert_int_equal(ioport_read(v, 0x1000, 4), 0xffffffff);
	assert_int_equal(ioport_read(v, 0x1000, 2), 0xffff);
	assert_int_equal(guest_devices(vm)->unlisted_in, ARRAY_LEN(ports) + 2);
	assert_int_equal(guest_devices(vm)->unlisted_out, ARRAY_LEN(ports));
	/* The first one is told, the others only counted. */
	assert_true(fake_log_contains("1-byte read at I/O port 0x0: nothing is there"));
	assert_false(fake_log_contains("port 0x20"));
}

static void an_access_that_leaves_its_ports_is_unlisted(void **state)
{
	(void)state;
	ioport_write(v, 0xcf8, 4, 0x80000000);
	assert_int_equal(ioport_read(v, 0xcfe, 4), 0xffffffff);
	assert_int_equal(ioport_read(v, COM1, 2), 0xffff);
	assert_int_equal(ioport_read(v, 0xcf8, 1), 0xff);
	assert_int_equal(guest_devices(vm)->unlisted_in, 3);
}

static void every_port_can_be_read_and_written_at_every_width(void **state)
{
	static const unsigned widths[] = { 1, 2, 4 };
	(void)state;
	for (unsigned w = 0; w < ARRAY_LEN(widths); w++)
		for (unsigned port = 0; port < 0x10000; port++) {
			ioport_write(v, (u16)port, widths[w], 0xa5a5a5a5);
			(void)ioport_read(v, (u16)port, widths[w]);
		}
}

static void cf8_reaches_the_host_bridge_and_nothing_beyond_bus_0(void **state)
{
	(void)state;
	ioport_write(v, 0xcf8, 4, 0x80000000);
	assert_int_equal(ioport_read(v, 0xcf8, 4), 0x80000000);
	assert_int_equal(ioport_read(v, 0xcfc, 4), 0x00081b36);
	assert_int_equal(ioport_read(v, 0xcfe, 2), 0x0008);
	assert_int_equal(ioport_read(v, 0xcff, 1), 0x00);
	ioport_write(v, 0xcf8, 4, 0x80010000);
	assert_int_equal(ioport_read(v, 0xcfc, 4), 0xffffffff);
	ioport_write(v, 0xcf8, 4, 0x00000000); /* enable bit clear */
	assert_int_equal(ioport_read(v, 0xcfc, 4), 0xffffffff);
	ioport_write(v, 0xcf8, 4, 0x80000008);
	assert_int_equal(ioport_read(v, 0xcfc, 4), 0x06000000);
}

static void cf8_and_ecam_show_the_same_vf(void **state)
{
	(void)state;
	world_wish(0, "igb0", 0);
	world_assign(0);
	ioport_write(v, 0xcf8, 4, 0x80000800);
	assert_int_equal(ioport_read(v, 0xcfc, 4), 0x10ca8086);
	assert_int_equal(vpci_read(vm, 1 << 3, 0, 4), 0x10ca8086);
	assert_int_equal(vpci_read(vm, 1 << 3 | 1, 0, 4), 0xffffffff); /* one function only */
	assert_int_equal(vpci_read(vm, 2 << 3, 0, 4), 0xffffffff);
	assert_int_equal(vpci_read(vm, 1 << 3, 2, 4), 0xffffffff); /* spans two fields */
}

/* --- the serial port --- */

static void what_is_written_to_the_serial_port_is_the_console(void **state)
{
	static const char text[] = "boot\n";
	(void)state;
	for (const char *p = text; *p; p++) {
		assert_int_equal(ioport_read(v, COM1 + UART_LSR, 1) & UART_LSR_THRE, UART_LSR_THRE);
		ioport_write(v, COM1, 1, (u8)*p);
	}
	assert_string_equal(fake_log_text(), "[a] boot\n");
}

static void the_divisor_is_not_printed(void **state)
{
	(void)state;
	ioport_write(v, COM1 + UART_LCR, 1, UART_LCR_DLAB);
	ioport_write(v, COM1 + UART_DLL, 1, '\n');
	ioport_write(v, COM1 + UART_DLM, 1, 0x12);
	assert_int_equal(ioport_read(v, COM1 + UART_DLL, 1), '\n');
	assert_int_equal(ioport_read(v, COM1 + UART_DLM, 1), 0x12);
	ioport_write(v, COM1 + UART_LCR, 1, UART_LCR_WLEN8);
	assert_int_equal(ioport_read(v, COM1 + UART_IER, 1), 0);
	assert_string_equal(fake_log_text(), "");
}

/* What Linux' 8250 driver tries before it believes in a 16550A. */
static void it_passes_the_probe_of_linux(void **state)
{
	(void)state;
	ioport_write(v, COM1 + UART_IER, 1, 0);
	assert_int_equal(ioport_read(v, COM1 + UART_IER, 1) & 0x0f, 0);
	ioport_write(v, COM1 + UART_IER, 1, 0x0f);
	assert_int_equal(ioport_read(v, COM1 + UART_IER, 1) & 0x0f, 0x0f);
	ioport_write(v, COM1 + UART_IER, 1, 0);
	ioport_write(v, COM1 + UART_MCR, 1, UART_MCR_LOOP | 0x0a);
	assert_int_equal(ioport_read(v, COM1 + UART_MSR, 1) & 0xf0, 0x90);
	ioport_write(v, COM1 + UART_MCR, 1, 0);
	ioport_write(v, COM1 + UART_SCR, 1, 0x5a);
	assert_int_equal(ioport_read(v, COM1 + UART_SCR, 1), 0x5a);
	ioport_write(v, COM1 + UART_FCR, 1, UART_FCR_ENABLE_FIFO);
	assert_int_equal(ioport_read(v, COM1 + UART_IIR, 1) >> 6, 3);
}

static void in_loop_back_the_port_hears_itself_and_the_console_nothing(void **state)
{
	(void)state;
	ioport_write(v, COM1 + UART_MCR, 1, UART_MCR_LOOP);
	ioport_write(v, COM1, 1, 'Q');
	assert_int_equal(ioport_read(v, COM1 + UART_LSR, 1) & UART_LSR_DR, UART_LSR_DR);
	assert_int_equal(ioport_read(v, COM1, 1), 'Q');
	assert_int_equal(ioport_read(v, COM1 + UART_LSR, 1) & UART_LSR_DR, 0);
	for (unsigned i = 0; i < 40; i++)
		ioport_write(v, COM1, 1, '\n');
	assert_string_equal(fake_log_text(), "");
}

static void typed_bytes_wait_in_a_fifo_of_sixteen(void **state)
{
	(void)state;
	for (unsigned i = 0; i < UART_FIFO_BYTES; i++)
		assert_true(uart_receive(vm, (u8)i));
	assert_false(uart_receive(vm, 99));
	for (unsigned i = 0; i < UART_FIFO_BYTES; i++)
		assert_int_equal(ioport_read(v, COM1, 1), i);
	assert_int_equal(ioport_read(v, COM1, 1), 0);
}

static void interrupt_identification_ranks_receive_above_transmit(void **state)
{
	(void)state;
	ioport_write(v, COM1 + UART_IER, 1, UART_IER_RDI | UART_IER_THRI);
	uart_receive(vm, 'x');
	assert_int_equal(ioport_read(v, COM1 + UART_IIR, 1), UART_IIR_RDI);
	(void)ioport_read(v, COM1, 1);
	assert_int_equal(ioport_read(v, COM1 + UART_IIR, 1), UART_IIR_THRI);
	assert_int_equal(ioport_read(v, COM1 + UART_IIR, 1),
			 UART_IIR_NO_INT); /* reading acknowledged it */
	ioport_write(v, COM1, 1, 'x');
	assert_int_equal(ioport_read(v, COM1 + UART_IIR, 1), UART_IIR_THRI);
}

/* --- loading --- */

static struct {
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	u8 code[16];
} kernel;

static void add_module(const char *name, const void *bytes, u64 size, u64 at)
{
	struct boot_module *m = &world.boot.module[world.boot.modules++];
	strcpy(m->name, name);
	m->base = hpa(at);
	m->size = size;
	fake_phys_add(hpa(at), bytes, size);
}

static void build_kernel(void)
{
	memset(&kernel, 0x90, sizeof(kernel));
	memset(&kernel, 0, offsetof(typeof(kernel), code));
	memcpy(kernel.header.e_ident, ELFMAG "\2\1", 6);
	kernel.header.e_type = ET_EXEC;
	kernel.header.e_machine = EM_X86_64;
	kernel.header.e_entry = MiB;
	kernel.header.e_phoff = offsetof(typeof(kernel), segment);
	kernel.header.e_phentsize = sizeof(kernel.segment);
	kernel.header.e_phnum = 1;
	kernel.segment = (Elf64_Phdr){ .p_type = PT_LOAD,
				       .p_flags = PF_X,
				       .p_offset = offsetof(typeof(kernel), code),
				       .p_paddr = MiB,
				       .p_filesz = 16,
				       .p_memsz = 16 };
	strcpy(world.vm_config[0].kernel, "k.elf");
	strcpy(world.vm_config[0].cmdline, "role=client peer=b");
}

static void a_loaded_kernel_finds_the_entry_state_of_the_guest_abi(void **state)
{
	struct vcpu_start start;
	struct why why;
	gpa_t at;
	(void)state;
	build_kernel();
	add_module("/boot/k.elf", &kernel, sizeof(kernel), 0x7000000);
	assert_int_equal(guest_load(vm, &start, &why), OK);
	assert_int_equal(start.rip, MiB);
	assert_memory_equal(vm->ram + MiB, kernel.code, sizeof(kernel.code));
	const struct coppice_start *s = guest_ptr(vm, gpa(start.rdi), sizeof(*s));
	assert_true(s->magic == COPPICE_START_MAGIC);
	assert_int_equal(s->cpus, 2);
	assert_int_equal(s->ram_bytes, WORLD_RAM);
	assert_int_equal(s->apic_timer_khz, GUEST_APIC_TIMER_KHZ);
	assert_string_equal(s->name, "a");
	assert_string_equal(s->cmdline, "role=client peer=b");
	/* The first 4 GiB are identity-mapped, and only they. */
	world.cr0 = 0x80000001;
	world.cr3 = start.cr3;
	world.cr4 = 0x20;
	world.efer = 0x500;
	static const u64 linear[] = { 0, 0x1234, MiB, GUEST_ECAM_BASE + 0x8004, 0xffffffff };
	for (unsigned i = 0; i < ARRAY_LEN(linear); i++) {
		assert_true(guest_linear_to_physical(v, linear[i], &at));
		assert_int_equal(at.v, linear[i]);
	}
	assert_false(guest_linear_to_physical(v, 4 * GiB, &at));
	assert_false(guest_linear_to_physical(v, 1ull << 39, &at));
	const u64 *gdt = guest_ptr(vm, gpa(start.gdt_base), start.gdt_limit + 1u);
	assert_true(gdt[start.cs / 8] >> 53 & 1); /* L: 64-bit code */
	assert_true(start.ds / 8u * 8u + 7u <= start.gdt_limit);
}

static void a_bad_kernel_is_refused_before_anything_is_copied(void **state)
{
	struct vcpu_start start;
	struct why why;
	(void)state;
	build_kernel();
	kernel.segment.p_memsz = 8; /* less than in the file */
	add_module("k.elf", &kernel, sizeof(kernel), 0x7000000);
	assert_int_equal(guest_load(vm, &start, &why), ERR_INVALID);
	for (unsigned i = 0; i < WORLD_RAM; i++)
		assert_int_equal(vm->ram[i], 0);
}

static void a_missing_kernel_is_answered_with_the_modules_that_came(void **state)
{
	struct vcpu_start start;
	struct why why;
	(void)state;
	build_kernel();
	add_module("/boot/coppice.cfg", "x", 1, 0x6000000);
	add_module("/boot/task.elf", &kernel, sizeof(kernel), 0x7000000);
	assert_int_equal(guest_load(vm, &start, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "k.elf: no such module"));
	assert_non_null(strstr(why.text, "/boot/coppice.cfg, /boot/task.elf"));
}

static void a_name_matches_whole_path_components_and_the_exact_one_wins(void **state)
{
	struct vcpu_start start;
	struct why why;
	(void)state;
	build_kernel();
	add_module("/boot/task.elf", "bad", 3, 0x6000000); /* ends in "k.elf" but is another file */
	add_module("/other/k.elf", "bad", 3, 0x6100000);
	add_module("k.elf", &kernel, sizeof(kernel), 0x7000000);
	assert_int_equal(guest_load(vm, &start, &why), OK);
}

static void a_long_list_of_modules_is_cut_not_overrun(void **state)
{
	struct vcpu_start start;
	struct why why;
	(void)state;
	build_kernel();
	for (unsigned i = 0; i < 40; i++)
		add_module("/a/rather/long/path/to/some/module/of/no/interest", "x", 1,
			   0x6000000 + i * 0x1000);
	assert_int_equal(guest_load(vm, &start, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "..."));
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(text_becomes_lines_with_the_vms_name),
		T(the_last_line_is_shown_when_the_vm_ends),
		T(escape_sequences_do_not_reach_the_terminal),
		T(a_line_without_end_is_cut_into_pieces),
		T(a_guest_that_floods_its_console_is_limited_and_the_rest_counted),
		T(hypercall_arguments_outside_ram_are_refused),
		T(unknown_hypercalls_say_so),
		T(user_mode_makes_no_hypercalls),
		T(exit_statuses_are_a_byte),
		T(figures_are_kept_and_replaced),
		T(the_shared_page_is_mapped_below_the_windows_end_and_filled),
		T(a_shared_page_takes_memory_only_once_the_guest_has_asked_for_it),
		T(a_guest_that_scribbles_over_the_shared_page_gets_it_back_whole),
		T(unlisted_ports_read_all_ones_are_dropped_and_counted),
		T(an_access_that_leaves_its_ports_is_unlisted),
		T(every_port_can_be_read_and_written_at_every_width),
		T(cf8_reaches_the_host_bridge_and_nothing_beyond_bus_0),
		T(cf8_and_ecam_show_the_same_vf),
		T(what_is_written_to_the_serial_port_is_the_console),
		T(the_divisor_is_not_printed),
		T(it_passes_the_probe_of_linux),
		T(in_loop_back_the_port_hears_itself_and_the_console_nothing),
		T(typed_bytes_wait_in_a_fifo_of_sixteen),
		T(interrupt_identification_ranks_receive_above_transmit),
		T(a_loaded_kernel_finds_the_entry_state_of_the_guest_abi),
		T(a_bad_kernel_is_refused_before_anything_is_copied),
		T(a_missing_kernel_is_answered_with_the_modules_that_came),
		T(a_name_matches_whole_path_components_and_the_exact_one_wins),
		T(a_long_list_of_modules_is_cut_not_overrun),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

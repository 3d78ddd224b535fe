/* SPDX-License-Identifier: GPL-2.0-only */
/* Emulated memory accesses of a guest, instruction and all; its BARs; its own reset of its VF. */
#include <string.h>

#include "vmm/world.h"

#define DEV1             (1 << 3)
#define ECAM(devfn, reg) ((u64)GUEST_ECAM_BASE + ((u64)(devfn) << 12) + (reg))
#define CODE             0x10000
#define COMMAND          4
#define MEMORY           2
#define MASTER           4
#define BAR0             0x10
#define BAR3             0x1c
#define DEVCTL           0xa8
#define FLR              0x8000

static struct vm *vm;
static struct vcpu *v;
static struct assigned_vf *a;
static struct why why;
static unsigned length;

#define VF_DEVFN             (1 << 3)
#define PCI_COMMAND_REGISTER 4
#define MEMORY_SPACE         2

static int setup(void **state)
{
	world_setup(state);
	vm = world_vm(0);
	v = vm->vcpu[0];
	world_wish(0, "igb0", 0);
	world_assign(0);
	a = vm->vf[0];
	world.rip = CODE; /* paging off: linear is physical */
	fake_events_clear();
	fake_log_clear();
	return 0;
}

/* How many lines a guest can make by switching a BAR on that does not fit into EPT. */
static void a_bar_that_cannot_be_mapped_is_told_a_few_times_only(void **state)
{
	unsigned lines = 0;

	(void)state;
	world.ept = ERR_BUSY;
	for (unsigned i = 0; i < 1000; i++) {
		vpci_write(vm, VF_DEVFN, PCI_COMMAND_REGISTER, 2, 0);
		vpci_write(vm, VF_DEVFN, PCI_COMMAND_REGISTER, 2, MEMORY_SPACE);
	}
	for (const char *at = fake_log_text(); (at = strstr(at, "emulated and slow")); at++)
		lines++;
	assert_in_range(lines, 1, 8);
}

static enum err access(u64 at, bool write, const char *bytes, unsigned count)
{
	gpa_t code;
	memset(&why, 0, sizeof(why));
	assert_true(guest_linear_to_physical(v, world.rip, &code));
	assert_true(guest_write(vm, code, bytes, count));
	return mmio_access(v, gpa(at), write, false, &length, &why);
}

/* mov eax, [rdi]; mov [rdi], eax; and the 64-bit ones. */
static u64 read32(u64 at)
{
	assert_int_equal(access(at, false, "\x8b\x07", 2), OK);
	assert_int_equal(length, 2);
	return v->gpr[RAX];
}

static void write32(u64 at, u32 value)
{
	v->gpr[RAX] = value;
	assert_int_equal(access(at, true, "\x89\x07", 2), OK);
}

static u64 read64(u64 at)
{
	assert_int_equal(access(at, false, "\x48\x8b\x07", 3), OK);
	return v->gpr[RAX];
}

static void write64(u64 at, u64 value)
{
	v->gpr[RAX] = value;
	assert_int_equal(access(at, true, "\x48\x89\x07", 3), OK);
}

static void config16(u16 reg, u16 value)
{
	vpci_write(vm, DEV1, reg, 2, value);
}

static u64 bar_base(unsigned bar)
{
	return a->model.bars[bar].base;
}

static u64 table(void)
{
	return bar_base(3) + WORLD_TABLE;
}

/* --- registers --- */

static void a_32_bit_load_clears_the_upper_half_and_smaller_ones_keep_the_rest(void **state)
{
	(void)state;
	v->gpr[RAX] = 0x1111222233334444;
	assert_int_equal(access(ECAM(DEV1, 0), false, "\x8b\x07", 2), OK);
	assert_true(v->gpr[RAX] == 0x10ca8086);
	v->gpr[RAX] = 0x1111222233334444;
	assert_int_equal(access(ECAM(DEV1, 0), false, "\x66\x8b\x07", 3), OK);
	assert_true(v->gpr[RAX] == 0x1111222233338086);
	v->gpr[RAX] = 0x1111222233334444;
	assert_int_equal(access(ECAM(DEV1, 0), false, "\x8a\x27", 2), OK); /* mov ah, [rdi] */
	assert_true(v->gpr[RAX] == 0x1111222233338644);
	v->gpr[RAX] = ~0ull;
	assert_int_equal(access(ECAM(DEV1, 0), false, "\x0f\xb6\x07", 3), OK); /* movzx eax, byte */
	assert_true(v->gpr[RAX] == 0x86);
	assert_int_equal(access(ECAM(DEV1, 0), false, "\x48\x0f\xbe\x07", 4),
			 OK); /* movsx rax, byte */
	assert_true(v->gpr[RAX] == 0xffffffffffffff86);
	assert_int_equal(access(ECAM(DEV1, 0), false, "\x0f\xbe\x07", 3), OK); /* movsx eax, byte */
	assert_true(v->gpr[RAX] == 0xffffff86);
}

static void rsp_is_a_register_like_any_other(void **state)
{
	(void)state;
	assert_int_equal(access(ECAM(DEV1, 0), false, "\x8b\x20", 2), OK); /* mov esp, [rax] */
	assert_true(world.rsp == 0x10ca8086);
	world.rsp = MEMORY;
	assert_int_equal(access(ECAM(DEV1, COMMAND), true, "\x66\x89\x20", 3),
			 OK); /* mov [rax], sp */
	assert_int_equal(vpci_read(vm, DEV1, COMMAND, 2), MEMORY);
}

static void immediates_and_high_bytes_are_stored(void **state)
{
	(void)state;
	assert_int_equal(access(ECAM(DEV1, COMMAND), true, "\xc6\x07\x06", 3),
			 OK); /* mov byte [rdi], 6 */
	assert_int_equal(length, 3);
	assert_int_equal(vpci_read(vm, DEV1, COMMAND, 2), MEMORY | MASTER);
	v->gpr[RBX] = 0x0200;
	assert_int_equal(access(ECAM(DEV1, COMMAND), true, "\x88\x3f", 2), OK); /* mov [rdi], bh */
	assert_int_equal(vpci_read(vm, DEV1, COMMAND, 2), MEMORY);
}

static void an_instruction_across_two_pages_is_fetched_from_both(void **state)
{
	(void)state;
	world.rip = CODE + 0xfff;
	assert_int_equal(read32(ECAM(DEV1, 0)), 0x10ca8086);
}

static void an_instruction_at_the_end_of_ram_is_fetched_as_far_as_it_goes(void **state)
{
	(void)state;
	world.rip = WORLD_RAM - 2;
	assert_int_equal(read32(ECAM(DEV1, 0)), 0x10ca8086);
}

static void other_instructions_are_refused_with_their_bytes_and_change_nothing(void **state)
{
	(void)state;
	assert_int_equal(access(ECAM(DEV1, COMMAND), true, "\x01\x07", 2),
			 ERR_UNSUPPORTED); /* add [rdi], eax */
	assert_non_null(strstr(why.text, "VM a"));
	assert_non_null(strstr(why.text, "01 07"));
	assert_int_equal(vpci_read(vm, DEV1, COMMAND, 2), 0);
}

static void an_instruction_that_another_vcpu_changed_meanwhile_is_not_performed(void **state)
{
	(void)state;
	/* The exit was a write, the bytes say read. */
	assert_int_equal(access(ECAM(DEV1, 0), true, "\x8b\x07", 2), ERR_UNSUPPORTED);
	world.rip = WORLD_RAM + 0x1000;
	assert_int_equal(mmio_access(v, gpa(ECAM(DEV1, 0)), false, false, &length, &why),
			 ERR_UNSUPPORTED);
}

static void an_access_across_two_pages_is_refused(void **state)
{
	(void)state;
	assert_int_equal(access(ECAM(DEV1, 0xffe), false, "\x8b\x07", 2), ERR_UNSUPPORTED);
}

static void addresses_with_nothing_behind_them_are_named(void **state)
{
	(void)state;
	assert_int_equal(access(GUEST_SCRATCH_GPA, true, "\x89\x07", 2), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "0xf0000000"));
	assert_int_equal(access(0xfee00000, true, "\x89\x07", 2), ERR_NOT_FOUND);
	assert_int_equal(access(1ull << 40, false, "\x8b\x07", 2), ERR_NOT_FOUND);
	assert_int_equal(mmio_access(v, gpa(ECAM(0, 0)), false, true, &length, &why),
			 ERR_UNSUPPORTED);
	assert_non_null(strstr(why.text, "execute"));
}

static void holes_of_the_pci_window_read_all_ones(void **state)
{
	(void)state;
	assert_int_equal(read32((u64)GUEST_MMIO_BASE + 0x10000000), 0xffffffff);
	write32((u64)GUEST_MMIO_BASE + 0x10000000, 5);
	assert_int_equal(guest_devices(vm)->absent_mmio, 2);
}

/* --- page tables --- */

static void paging_on(u64 cr3)
{
	world.cr0 = 1ull << 31;
	world.cr4 = 1 << 5;
	world.efer = 1 << 10;
	world.cr3 = cr3;
}

static void put64(u64 at, u64 value)
{
	assert_true(guest_write(vm, gpa(at), &value, sizeof(value)));
}

static void four_and_five_level_walks_follow_large_pages_and_stop_at_holes(void **state)
{
	gpa_t at;
	(void)state;
	paging_on(0x1000);
	put64(0x1000 + 8 * 256, 0x2003); /* PML4[256]: the kernel half */
	put64(0x2000, 0x3003);
	put64(0x2008, 0x40000083); /* 1 GiB page */
	put64(0x3000, 0x4003);
	put64(0x3008, 0x8000000000600083ull); /* 2 MiB page, NX */
	put64(0x4000 + 8 * 5, 0x123003);
	assert_true(guest_linear_to_physical(v, 0xffff800000005678, &at));
	assert_int_equal(at.v, 0x123678);
	assert_true(guest_linear_to_physical(v, 0xffff800000212345, &at));
	assert_int_equal(at.v, 0x612345);
	assert_true(guest_linear_to_physical(v, 0xffff800041234567, &at));
	assert_int_equal(at.v, 0x41234567);
	assert_false(guest_linear_to_physical(v, 0xffff800000006000, &at));
	assert_false(guest_linear_to_physical(v, 0, &at));
	world.cr4 |= 1 << 12;
	world.cr3 = 0x7000;
	put64(0x7000 + 8 * 511, 0x1003);
	assert_true(guest_linear_to_physical(v, 0xffff800000005678, &at));
	assert_int_equal(at.v, 0x123678);
}

static void an_instruction_across_two_pages_follows_the_guests_page_tables(void **state)
{
	(void)state;
	paging_on(0x1000);
	put64(0x1000, 0x2003);
	put64(0x2000, 0x3003);
	put64(0x3000, 0x4003);
	put64(0x4000 + 8 * 16, 0x30003); /* linear 0x10000 and 0x11000: two pages far apart */
	put64(0x4000 + 8 * 17, 0x20003);
	assert_true(guest_write(vm, gpa(0x30fff), "\x8b", 1));
	assert_true(guest_write(vm, gpa(0x20000), "\x07", 1));
	world.rip = 0x10fff;
	assert_int_equal(mmio_access(v, gpa(ECAM(DEV1, 0)), false, false, &length, &why), OK);
	assert_true(v->gpr[RAX] == 0x10ca8086);
	put64(0x4000 + 8 * 17, 0); /* the second page is gone */
	assert_int_equal(mmio_access(v, gpa(ECAM(DEV1, 0)), false, false, &length, &why),
			 ERR_UNSUPPORTED);
}

static void tables_outside_ram_end_the_walk(void **state)
{
	gpa_t at;
	(void)state;
	paging_on(WORLD_RAM);
	assert_false(guest_linear_to_physical(v, 0, &at));
	world.cr3 = 0x000ffffffffff000;
	assert_false(guest_linear_to_physical(v, ~0ull, &at));
	world.cr3 = 0x1000;
	put64(0x1000, 0x000ffffffffff003);
	assert_false(guest_linear_to_physical(v, 0, &at));
}

static void pae_and_32_bit_walks(void **state)
{
	gpa_t at;
	u32 entry = 0x00402083; /* bit 13 is bit 32 of the address */
	(void)state;
	world.long_mode = false;
	world.cr0 = 1ull << 31;
	world.cr4 = 1 << 5;
	world.cr3 = 0x1020; /* 32-byte aligned */
	put64(0x1020 + 8 * 3, 0x2001);
	put64(0x2000, 0x00400083);
	assert_true(guest_linear_to_physical(v, 0xc0012345, &at));
	assert_int_equal(at.v, 0x412345);
	world.cr4 = 1 << 4; /* PSE */
	world.cr3 = 0x3000;
	guest_write(vm, gpa(0x3000 + 4 * 2), &entry, 4);
	assert_true(guest_linear_to_physical(v, 0x00812345, &at));
	assert_true(at.v == 0x100412345);
	entry = 0x4003;
	guest_write(vm, gpa(0x3000), &entry, 4);
	entry = 0x9001;
	guest_write(vm, gpa(0x4000 + 4), &entry, 4);
	assert_true(guest_linear_to_physical(v, 0x1abc, &at));
	assert_int_equal(at.v, 0x9abc);
	assert_false(guest_linear_to_physical(v, 0x2abc, &at));     /* not present, second level */
	assert_false(guest_linear_to_physical(v, 0x00c00000, &at)); /* first level */
	world.cr3 = WORLD_RAM;
	assert_false(guest_linear_to_physical(v, 0x1abc, &at));
	entry = WORLD_RAM | 1;
	guest_write(vm, gpa(0x3000), &entry, 4);
	world.cr3 = 0x3000;
	assert_false(guest_linear_to_physical(v, 0x1abc, &at));
	world.cr4 = 1 << 5;
	world.cr3 = WORLD_RAM;
	assert_false(guest_linear_to_physical(v, 0, &at));
	world.cr3 = 0x1020;
	assert_false(guest_linear_to_physical(v, 0x40000000, &at));
}

/* --- config space and BARs --- */

static void ecam_has_one_bus_with_a_bridge_and_the_vf(void **state)
{
	(void)state;
	assert_int_equal(read32(ECAM(0, 0)), 0x00081b36);
	assert_int_equal(read32(ECAM(DEV1, 0)), 0x10ca8086);
	assert_int_equal(read32(ECAM(2 << 3, 0)), 0xffffffff);
	assert_int_equal(read32(ECAM(0xff, 0xffc)), 0xffffffff);
	assert_true(read64(ECAM(DEV1, 0)) >> 32 == read32(ECAM(DEV1, 4)));
}

static void a_qword_write_to_config_space_is_two_dwords(void **state)
{
	(void)state;
	u64 moved = (u64)GUEST_MMIO_BASE + 0x2000000;
	write64(ECAM(DEV1, BAR0), moved);
	assert_int_equal(bar_base(0), moved);
	/* A dword write leaves its neighbour alone. */
	write32(ECAM(DEV1, BAR0), (u32)(moved + 0x1000000));
	assert_int_equal(bar_base(0), moved + 0x1000000);
	assert_int_equal(vpci_read(vm, DEV1, BAR0 + 4, 4), 0);
}

static void bars_are_mapped_only_while_memory_space_is_on_and_never_the_table_page(void **state)
{
	(void)state;
	assert_null(world_ept(bar_base(0)));
	assert_int_equal(read32(bar_base(0)), 0xffffffff);
	config16(COMMAND, MEMORY);
	assert_int_equal(world_ept(bar_base(0))->hpa, WORLD_BAR0);
	assert_true(world_ept(bar_base(0))->uncached);
	assert_int_equal(world_ept(bar_base(0))->prot, EPT_READ | EPT_WRITE);
	assert_int_equal(world_ept(bar_base(3))->hpa, WORLD_BAR3);
	assert_int_equal(world_ept(bar_base(3))->size, WORLD_TABLE);
	assert_null(world_ept(table()));
	assert_null(world_ept(table() + PAGE_SIZE - 1));
	const struct world_mapping *rest = world_ept(table() + PAGE_SIZE);
	assert_int_equal(rest->hpa, WORLD_BAR3 + WORLD_TABLE + PAGE_SIZE);
	assert_int_equal(rest->size, WORLD_BAR_BYTES - WORLD_TABLE - PAGE_SIZE);
	config16(COMMAND, 0);
	assert_null(world_ept(bar_base(0)));
	assert_null(world_ept(table() + PAGE_SIZE));
	assert_int_equal(world_config16(0, COMMAND),
			 MEMORY); /* the device goes on decoding: no UR for the host */
}

static void bus_master_follows_the_guest_and_memory_space_stays_on(void **state)
{
	(void)state;
	config16(COMMAND, MASTER);
	assert_int_equal(world_config16(0, COMMAND), MEMORY | MASTER);
	config16(COMMAND, 0);
	assert_int_equal(world_config16(0, COMMAND), MEMORY);
}

static void a_bar_moves_where_the_guest_puts_it(void **state)
{
	(void)state;
	config16(COMMAND, MEMORY);
	u64 old = bar_base(0), new = (u64)GUEST_MMIO_BASE + 0x1000000;
	vpci_write(vm, DEV1, BAR0, 4, (u32) new);
	assert_null(world_ept(old));
	assert_int_equal(world_ept(new)->hpa, WORLD_BAR0);
}

static void no_bar_lands_on_ram_ecam_the_shared_pages_or_another_bar(void **state)
{
	static const u64 bad[] = { 0,          0x100000,   GUEST_ECAM_BASE, GUEST_SCRATCH_GPA,
				   0xfee00000, 0xdfff0000, 0xdfffc000,      0xbfffc000 };
	(void)state;
	config16(COMMAND, MEMORY);
	for (unsigned i = 0; i <= ARRAY_LEN(bad); i++) {
		u64 at = i < ARRAY_LEN(bad) ? bad[i] : bar_base(3);
		u64 before = bar_base(3);
		vpci_write(vm, DEV1, BAR0, 4, (u32)at);
		for (unsigned m = 0; m < world.mappings; m++) {
			const struct world_mapping *x = &world.mapping[m];
			bool is_page = x->gpa >= 0xdfff0000;
			assert_true(is_page ||
				    (x->gpa >= GUEST_MMIO_BASE && x->gpa + x->size <= 0xdfff0000));
		}
		assert_int_equal(bar_base(3), before);
		assert_null(world_ept(before + WORLD_TABLE)); /* the table page stays trapped */
	}
}

static void sizing_a_bar_tells_its_size_and_moves_nothing(void **state)
{
	(void)state;
	u32 before = vpci_read(vm, DEV1, BAR0, 4);
	config16(COMMAND, MEMORY);
	vpci_write(vm, DEV1, BAR0, 4, 0xffffffff);
	assert_int_equal(vpci_read(vm, DEV1, BAR0, 4) & ~0xfu, 0xffffc000);
	vpci_write(vm, DEV1, BAR0, 4, before);
	assert_int_equal(world_ept(bar_base(0))->hpa, WORLD_BAR0);
}

/* --- the MSI-X table page --- */

static void a_guest_write_to_the_msix_table_never_reaches_the_device(void **state)
{
	(void)state;
	config16(COMMAND, MEMORY);
	write64(table() + 16, 0xfee01000); /* address of entry 1, in one qword */
	write32(table() + 24, 0x45);
	assert_true(read64(table() + 16) == 0xfee01000);
	assert_int_equal(read32(table() + 24), 0x45);
	assert_int_equal(read32(table() + 28), 1); /* masked after reset */
	assert_int_equal(world_table(0, 1, 0), 0);
	assert_int_equal(world_table(0, 1, 2), 0);
	config16(0x72, 0x8000);
	write32(table() + 28, 0);
	assert_int_equal(irq_route_count(), 1);
	assert_int_equal(world_table(0, 1, 0) & 0x10, 0x10); /* remappable format: ours */
}

static void registers_beside_the_table_pass_through(void **state)
{
	(void)state;
	config16(COMMAND, MEMORY);
	u64 beside = table() + WORLD_VECTORS * 16;
	write32(beside, 0xcafe);
	assert_int_equal(world.bar3[WORLD_TABLE + WORLD_VECTORS * 16], 0xfe);
	assert_int_equal(read32(beside), 0xcafe);
	write64(beside + 8, 0x1122334455667788);
	assert_true(read64(beside + 8) == 0x1122334455667788);
}

static void an_access_that_straddles_table_and_registers_changes_neither(void **state)
{
	(void)state;
	config16(COMMAND, MEMORY);
	u64 end = table() + WORLD_VECTORS * 16;
	u8 before[WORLD_BAR_BYTES];
	memcpy(before, world.bar3, sizeof(before));
	write64(end - 4, ~0ull);
	assert_memory_equal(before, world.bar3, sizeof(before));
	assert_int_equal(a->shadow.entry[WORLD_VECTORS - 1].control, 1);
}

static void with_memory_space_off_the_table_is_not_there(void **state)
{
	(void)state;
	assert_int_equal(read32(table()), 0xffffffff);
	write32(table(), 5);
	assert_int_equal(a->shadow.entry[0].address, 0);
}

/* --- the guest's own reset --- */

static void make_busy(void)
{
	config16(COMMAND, MEMORY | MASTER);
	config16(0x72, 0x8000);
	a->shadow.entry[0] = (struct msix_shadow_entry){ 0xfee00000, 0x45, 0 };
	assigned_vf_msix_changed(vm, a, 0);
	assert_int_equal(irq_route_count(), 1);
	fake_events_clear();
}

static void a_guests_flr_is_done_by_us_and_the_policy_survives_it(void **state)
{
	(void)state;
	u64 base = bar_base(0);
	make_busy();
	config16(DEVCTL, FLR);
	fake_time_advance(WORLD_FLR_NS);
	assert_int_equal(vpci_read(vm, DEV1, COMMAND, 2), 0);
	int irte = world_note(0, NOTE_IRTE_FREE), flr = world_note(0, NOTE_FLR),
	    reopen = world_note(0, NOTE_REOPEN);
	assert_true(irte >= 0 && irte < flr && flr < reopen);
	assert_int_equal(world_note(0, NOTE_WIPE), -1);
	assert_int_equal(world_note(0, NOTE_ATTACH), -1);
	assert_int_equal(irq_route_count(), 0);
	assert_null(world_ept(base));
	assert_int_equal(vpci_read(vm, DEV1, COMMAND, 2), 0);
	assert_int_equal(vpci_read(vm, DEV1, 0x72, 2) & 0x8000, 0);
	assert_int_equal(a->shadow.entry[0].control, 1);
	assert_int_equal(world_config16(0, COMMAND), MEMORY);
	config16(COMMAND, MEMORY);
	assert_int_equal(world_ept(base)->hpa, WORLD_BAR0);
}

static void a_guests_flr_that_fails_costs_it_the_vf_and_nothing_else(void **state)
{
	(void)state;
	make_busy();
	world.flr_ns[0] = WORLD_NEVER;
	config16(DEVCTL, FLR);
	fake_time_advance(VF_RESET_LONGEST_NS);
	guest_resets_service(); /* from now on it may answer */
	fake_time_advance(VF_RESET_LONGEST_NS);
	guest_resets_service();
	assert_int_equal(world.vf[0].state, VF_QUARANTINED);
	assert_int_equal(fake_event((unsigned)world_note(0, NOTE_ATTACH))->width, 0);
	assert_int_equal(vpci_read(vm, DEV1, 0, 4), 0xffffffff);
	assert_int_equal(read32(table()), 0xffffffff);
	assert_null(world_ept(bar_base(0)));
	config16(COMMAND, MEMORY | MASTER);
	assert_int_equal(world_config16(0, COMMAND), 0);
	assert_false(world.ended);
	assert_true(fake_log_contains("VM a: VF igb0/0 (0000:01:10.0) is quarantined"));
	assert_false(shared_page_doorbell(vm, 0));
	fake_events_clear();
	world_release(0);
	assert_int_equal(world_note(0, NOTE_FLR),
			 -1); /* dead until reboot: nobody touches it again */
	assert_false(vm->ram_leaked);
}

static void every_config_register_written_with_all_ones_leaves_the_host_device_sound(void **state)
{
	(void)state;
	for (unsigned reg = 0; reg < 4096; reg += 4)
		vpci_write(vm, DEV1, (u16)reg, 4, 0xffffffff);
	/* One of them was an FLR, and nothing came through until it was over. Command shows that
	 * nothing but decode and bus master can ever be on. */
	assert_int_equal(world_config16(0, COMMAND) & ~(MEMORY | MASTER), 0);
	for (unsigned m = 0; m < world.mappings; m++)
		assert_true(world.mapping[m].gpa >= GUEST_MMIO_BASE &&
			    world.mapping[m].gpa < GUEST_ECAM_BASE);
	assert_int_equal(world.vf[0].state, VF_RESETTING);
	fake_time_advance(WORLD_FLR_NS);
	for (unsigned reg = 0; reg < 4096; reg += 4)
		if (reg != DEVCTL)
			vpci_write(vm, DEV1, (u16)reg, 4, 0xffffffff);
	assert_int_equal(world_config16(0, COMMAND) & ~(MEMORY | MASTER), 0);
	assert_int_equal(world.vf[0].state, VF_ASSIGNED);
	assert_int_equal(world.early, 0);
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_bar_that_cannot_be_mapped_is_told_a_few_times_only),
		T(a_32_bit_load_clears_the_upper_half_and_smaller_ones_keep_the_rest),
		T(rsp_is_a_register_like_any_other),
		T(immediates_and_high_bytes_are_stored),
		T(an_instruction_across_two_pages_is_fetched_from_both),
		T(an_instruction_at_the_end_of_ram_is_fetched_as_far_as_it_goes),
		T(other_instructions_are_refused_with_their_bytes_and_change_nothing),
		T(an_instruction_that_another_vcpu_changed_meanwhile_is_not_performed),
		T(an_access_across_two_pages_is_refused),
		T(addresses_with_nothing_behind_them_are_named),
		T(holes_of_the_pci_window_read_all_ones),
		T(four_and_five_level_walks_follow_large_pages_and_stop_at_holes),
		T(an_instruction_across_two_pages_follows_the_guests_page_tables),
		T(tables_outside_ram_end_the_walk),
		T(pae_and_32_bit_walks),
		T(ecam_has_one_bus_with_a_bridge_and_the_vf),
		T(a_qword_write_to_config_space_is_two_dwords),
		T(bars_are_mapped_only_while_memory_space_is_on_and_never_the_table_page),
		T(bus_master_follows_the_guest_and_memory_space_stays_on),
		T(a_bar_moves_where_the_guest_puts_it),
		T(no_bar_lands_on_ram_ecam_the_shared_pages_or_another_bar),
		T(sizing_a_bar_tells_its_size_and_moves_nothing),
		T(a_guest_write_to_the_msix_table_never_reaches_the_device),
		T(registers_beside_the_table_pass_through),
		T(an_access_that_straddles_table_and_registers_changes_neither),
		T(with_memory_space_off_the_table_is_not_there),
		T(a_guests_flr_is_done_by_us_and_the_policy_survives_it),
		T(a_guests_flr_that_fails_costs_it_the_vf_and_nothing_else),
		T(every_config_register_written_with_all_ones_leaves_the_host_device_sound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

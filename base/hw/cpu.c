/* SPDX-License-Identifier: GPL-2.0-only */
/* Per-core tables: GDT, TSS, stacks; and the IDT that all cores share. */
#include "base/hw/cpu.h"

#include "base/hw/image.h"
#include "base/hw/insn.h"
#include "base/hw/paging.h"
#include "base/hw/trap.h"
#include "base/pool.h"
#include "base/spinlock.h"
#include "base/string.h"

#define MSR_EFER    0xc0000080u
#define MSR_GS_BASE 0xc0000101u
#define EFER_NXE    BIT64(11)

/* Intel SDM 3A section 2.5. */
#define CR0_EM         BIT64(2)
#define CR0_TS         BIT64(3)
#define CR0_NE         BIT64(5)
#define CR0_WP         BIT64(16)
#define CR4_MCE        BIT64(6)
#define CR4_OSFXSR     BIT64(9)
#define CR4_OSXMMEXCPT BIT64(10)
#define CR4_OSXSAVE    BIT64(18)

/*
 * Interrupt stack table: faults that can come while the current stack is unusable get stacks of
 * their own.
 */
enum ist {
	IST_NONE,
	IST_DOUBLE_FAULT,
	IST_NMI,
	IST_MACHINE_CHECK,
	IST_PAGE_FAULT,
	IST_USED
};

/* Intel SDM 3A figure 8-11: 64-bit TSS. */
struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	u16 io_map_base;
} __attribute__((packed));
_Static_assert(sizeof(struct tss) == 104, "SDM 3A figure 8-11");

/* Intel SDM 3A figure 6-8: 64-bit interrupt gate. */
struct gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_middle;
	u32 offset_high, reserved;
};
_Static_assert(sizeof(struct gate) == 16, "SDM 3A figure 6-8");

struct table_register {
	u16 limit;
	u64 base;
} __attribute__((packed));

/* What GS base points at. */
struct cpu_local {
	u32 index; /* at offset 0: cpu_index() reads it there */
	bool has_stacks;
	u64 gdt[5]; /* null, code, data, TSS (two entries) */
	struct tss tss;
};

static struct cpu_local locals[MAX_CPUS];
static struct gate idt[256] __attribute__((aligned(4096)));

/* base/hw/interrupt.asm */
extern u8 trap_stubs[];
void load_tables(const void *gdtr, const void *idtr, u16 cs, u16 ds, u16 tss);

static struct cpu_local *local(void)
{
	return &locals[cpu_index()];
}

unsigned cpu_index(void)
{
	u32 index;

	__asm__ volatile("movl %%gs:0, %0" : "=r"(index));
	return index;
}

u64 cpu_gdt_base(void)
{
	return (uintptr_t)local()->gdt;
}

u64 cpu_tss_base(void)
{
	return (uintptr_t)&local()->tss;
}

u64 cpu_idt_base(void)
{
	return (uintptr_t)idt;
}

void *cpu_stack_alloc(void)
{
	static struct spinlock lock;
	static u64 next_va = STACKS_VA;
	u8 *pages = pool_alloc(POOL_HOST, HOST_STACK_BYTES / PAGE_SIZE, PAGE_SIZE);
	u64 va;

	if (!pages)
		return NULL;
	/* The guard page is the one that stays unmapped below. */
	spin_lock(&lock);
	va = next_va + PAGE_SIZE;
	next_va = va + HOST_STACK_BYTES;
	spin_unlock(&lock);
	if (paging_map(va, pool_hpa(pages).v, HOST_STACK_BYTES, PTE_WRITE | PTE_NX) != OK) {
		pool_free(POOL_HOST, pages, HOST_STACK_BYTES / PAGE_SIZE);
		return NULL;
	}
	return (void *)(va + HOST_STACK_BYTES);
}

/* The boot core's stacks are part of the image, since it needs them before there is a page pool. */
static enum err give_stacks(struct cpu_local *cpu)
{
	for (unsigned i = IST_DOUBLE_FAULT; i < IST_USED; i++) {
		void *top = cpu->index == 0
				    ? image_stacks + (i + 1) * (PAGE_SIZE + HOST_STACK_BYTES)
				    : cpu_stack_alloc();

		if (!top)
			return ERR_NO_MEMORY;
		cpu->tss.ist[i - 1] = (uintptr_t)top;
	}
	cpu->has_stacks = true;
	return OK;
}

static void fill_gdt(struct cpu_local *cpu)
{
	u64 base = (uintptr_t)&cpu->tss, limit = sizeof(cpu->tss) - 1;

	/*
	 * Intel SDM 3A section 3.4.5: present, ring 0, code with L = 1; data, writable; both
	 * accessed.
	 */
	cpu->gdt[HOST_CS / 8] = 0x00af9b000000ffff;
	cpu->gdt[HOST_DS / 8] = 0x00cf93000000ffff;
	/* Section 8.2.3: available 64-bit TSS (type 9), present. LTR makes it busy. */
	cpu->gdt[HOST_TSS / 8] =
		limit | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
	cpu->gdt[HOST_TSS / 8 + 1] = base >> 32;
	cpu->tss.io_map_base = sizeof(cpu->tss);
}

static u8 ist_of(unsigned vector)
{
	switch (vector) {
	case 2: return IST_NMI;
	case 8: return IST_DOUBLE_FAULT;
	case 14: /* a stack that ran into its guard page */ return IST_PAGE_FAULT;
	case 18: return IST_MACHINE_CHECK;
	}
	return IST_NONE;
}

static void fill_idt(void)
{
	for (unsigned i = 0; i < ARRAY_LEN(idt); i++) {
		u64 entry = (uintptr_t)trap_stubs + 16 * i;

		idt[i] = (struct gate){
			.offset_low = (u16)entry,
			.selector = HOST_CS,
			.ist = ist_of(i),
			.type = 0x8e, /* present, ring 0, interrupt gate: interrupts stay off */
			.offset_middle = (u16)(entry >> 16),
			.offset_high = (u32)(entry >> 32),
		};
	}
}

static void set_control_registers(void)
{
	u64 cr4 = read_cr4() | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_WP | CR0_NE);
	/* CPUID 1: ECX bit 26 = XSAVE. Guests' extended state is switched with it. */
	if (cpuid(1, 0).ecx & BIT(26))
		cr4 |= CR4_OSXSAVE;
	write_cr4(cr4);
	/* CPUID 80000001h: EDX bit 20 = NX. paging_init() refuses to go on without. */
	if (cpuid(0x80000001, 0).edx & BIT(20))
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
}

enum err cpu_tables_init(unsigned index)
{
	struct cpu_local *cpu = &locals[index];
	struct table_register gdtr = { sizeof(cpu->gdt) - 1, (uintptr_t)cpu->gdt };
	struct table_register idtr = { sizeof(idt) - 1, (uintptr_t)idt };

	if (index >= MAX_CPUS)
		return ERR_INVALID;
	cpu->index = index;
	if (!cpu->has_stacks && give_stacks(cpu) != OK)
		return ERR_NO_MEMORY;
	if (index == 0)
		fill_idt();
	fill_gdt(cpu);
	load_tables(&gdtr, &idtr, HOST_CS, HOST_DS, HOST_TSS);
	wrmsr(MSR_GS_BASE, (uintptr_t)cpu);
	set_control_registers();
	return OK;
}

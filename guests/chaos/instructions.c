/* SPDX-License-Identifier: GPL-2.0-only */
/* What needs no device: instructions of the processor and its registers (SDM volume 2). */
#include "base/hw/insn.h"
#include "chaos.h"
#include "interrupt.h"

#define PICK(c, list) ((list)[chaos_below(c, ARRAY_LEN(list))])
#define ESCAPE        0x0f
#define REX           0x40
#define REX_R         4
#define REX_B         1

void chaos_cpuid(struct chaos *c)
{
	static const u32 ranges[] = { 0, 0x80000000, 0x40000000, 0x40000100 };

	c->reg[RAX] = PICK(c, ranges) + chaos_below(c, 0x22);
	if (chaos_one_in(c, 8))
		c->reg[RAX] = chaos_value(c);
	c->reg[RCX] = chaos_one_in(c, 8) ? chaos_value(c) : chaos_below(c, 6);
	emit_padding(c);
	emit_bytes(c, (const u8[]){ ESCAPE, 0xa2 }, 2);
}

/* MSRs that are there: their values matter, not only their numbers. */
static const u32 known_msrs[] = { 0x10,       0x17,       0x1b,      0x3a,  0x3b,       0x8b,
				  0x174,      0x175,      0x176,     0x1a0, 0x277,      0x480,
				  0x6e0,      0x802,      0x808,     0x80f, 0xc0000080, 0xc0000084,
				  0xc0000100, 0xc0000101, 0xc0000102 };
#define MSR_ICR    0x830u
#define MSR_EOI    0x80bu
#define PRIORITIES 16

static bool is_address(u32 msr)
{
	return msr == 0x175 || msr == 0x176 || (msr >= 0xc0000100 && msr <= 0xc0000102);
}

static u32 pick_msr(struct chaos *c)
{
	switch (chaos_below(c, 6)) {
	case 0: return (u32)chaos_below(c, 0x2000);
	case 1: return 0xc0000000u + (u32)chaos_below(c, 0x2000);
	case 2: return 0x40000000u + (u32)chaos_below(c, 0x200);
	case 3: return 0x800u + (u32)chaos_below(c, 0x100);
	case 4: return (u32)chaos_value(c);
	default: return PICK(c, known_msrs);
	}
}

void chaos_msr(struct chaos *c)
{
	bool write = chaos_one_in(c, 2);
	u64 value = chaos_value(c);
	u32 msr = pick_msr(c);

	/* INIT goes to nobody by accident: chaos_apic() aims. */
	if (write && msr == MSR_ICR)
		msr++;
	/* QEMU's TCG takes any address; a VM entry does not. */
	if (is_address(msr))
		value = (u64)((s64)(value << 16) >> 16);
	c->reg[RCX] = msr | (chaos_random(c) & ~(u64)UINT32_MAX);
	c->reg[RAX] = value;
	c->reg[RDX] = value >> 32;
	emit_padding(c);
	emit_bytes(c, (const u8[]){ ESCAPE, write ? 0x30 : 0x32 }, 2);
}

/* Any register but RSP. */
static unsigned pick_register(struct chaos *c)
{
	unsigned reg = (unsigned)chaos_below(c, REGS);

	return reg == RSP ? RAX : reg;
}

/*
 * Bits whose change would be a fault that QEMU's TCG does not raise; together with a bit that the
 * hypervisor keeps for itself the write is its to judge.
 */
static const struct {
	u64 bits, judged;
} modes[] = { [0] = { BIT64(31) | BIT64(0), BIT64(30) /* PG, PE; CD */ },
	      [4] = { BIT64(5), BIT64(20) /* PAE; SMEP */ } };

static u64 control_value(struct chaos *c, unsigned number)
{
	u64 old = number == 0 ? read_cr0() : number == 4 ? read_cr4() : read_cr3();

	if (number == 8)
		return chaos_one_in(c, 2) ? chaos_below(c, 16) : chaos_value(c);
	if (number == 3) {
		/* Bits 11:0 mean nothing here but PWT and PCD; those above 51 must be 0. */
		u64 odd = chaos_one_in(c, 2) ? chaos_below(c, PAGE_SIZE)
					     : BIT64(52 + chaos_below(c, 12));

		return (old & ~(u64)(PAGE_SIZE - 1)) | odd;
	}
	u64 now = old;

	for (u64 flips = 1 + chaos_below(c, 3); flips; flips--)
		now ^= BIT64(chaos_below(c, chaos_one_in(c, 8) ? 64 : 32));
	if (number < ARRAY_LEN(modes) && ((now ^ old) & modes[number].bits))
		now = (now & ~modes[number].judged) | (~old & modes[number].judged);
	return now;
}

static void emit_mov_special(struct chaos *c, bool write, u8 opcode, unsigned number, unsigned reg)
{
	u8 rex = REX | (number & 8 ? REX_R : 0) | (reg & 8 ? REX_B : 0);

	emit_padding(c);
	if (rex != REX || chaos_one_in(c, 4))
		emit(c, rex);
	emit_bytes(c,
		   (const u8[]){ ESCAPE, (u8)(opcode + (write ? 2 : 0)),
				 (u8)(0xc0 | (number & 7) << 3 | (reg & 7)) },
		   3);
}

void chaos_control_register(struct chaos *c)
{
	static const u8 numbers[] = { 0, 0, 0, 3, 4, 4, 4, 8, 8, 2, 1, 5, 15 };
	unsigned number = PICK(c, numbers), reg = pick_register(c);

	if (chaos_one_in(c, 8)) {
		/* CLTS, LMSW AX, SMSW AX; LMSW takes PE, MP, EM, TS. */
		static const u8 others[][3] = { { ESCAPE, 0x06, 0x90 },
						{ ESCAPE, 0x01, 0xf0 },
						{ ESCAPE, 0x01, 0xe0 } };

		c->reg[RAX] = chaos_below(c, 16);
		emit_bytes(c, PICK(c, others), 3);
		return;
	}
	c->reg[reg] = control_value(c, number);
	emit_mov_special(c, chaos_one_in(c, 2), 0x20, number, reg);
}

void chaos_debug_register(struct chaos *c)
{
	unsigned reg = pick_register(c);

	c->reg[reg] = chaos_value(c);
	emit_mov_special(c, chaos_one_in(c, 2), 0x21, (unsigned)chaos_below(c, 8), reg);
}

void chaos_xsetbv(struct chaos *c)
{
	c->reg[RCX] = chaos_below(c, 3);
	c->reg[RAX] = chaos_one_in(c, 2) ? chaos_below(c, 256) : chaos_value(c);
	c->reg[RDX] = chaos_one_in(c, 2) ? 0 : chaos_value(c);
	emit_padding(c);
	emit_bytes(c, (const u8[]){ ESCAPE, 0x01, chaos_one_in(c, 4) ? 0xd0 : 0xd1 }, 3);
}

/* Whole instructions; those with memory take [RSI]. */
static const struct {
	u8 len, bytes[5];
} others[] = {
	{ 3, { 0x0f, 0x01, 0xc2 } },             /* VMLAUNCH */
	{ 3, { 0x0f, 0x01, 0xc3 } },             /* VMRESUME */
	{ 3, { 0x0f, 0x01, 0xc4 } },             /* VMXOFF */
	{ 3, { 0x0f, 0x01, 0xd4 } },             /* VMFUNC */
	{ 4, { 0x66, 0x0f, 0xc7, 0x36 } },       /* VMCLEAR */
	{ 3, { 0x0f, 0xc7, 0x36 } },             /* VMPTRLD */
	{ 3, { 0x0f, 0xc7, 0x3e } },             /* VMPTRST */
	{ 4, { 0xf3, 0x0f, 0xc7, 0x36 } },       /* VMXON */
	{ 3, { 0x0f, 0x78, 0xc8 } },             /* VMREAD */
	{ 3, { 0x0f, 0x79, 0xc8 } },             /* VMWRITE */
	{ 5, { 0x66, 0x0f, 0x38, 0x80, 0x06 } }, /* INVEPT */
	{ 5, { 0x66, 0x0f, 0x38, 0x81, 0x06 } }, /* INVVPID */
	{ 5, { 0x66, 0x0f, 0x38, 0x82, 0x06 } }, /* INVPCID */
	{ 2, { 0x0f, 0x37 } },                   /* GETSEC */
	{ 2, { 0x0f, 0xaa } },                   /* RSM */
	{ 3, { 0x0f, 0x01, 0xcf } },             /* ENCLS */
	{ 3, { 0x0f, 0x01, 0xd7 } },             /* ENCLU */
	{ 3, { 0x0f, 0x01, 0xc8 } },             /* MONITOR */
	{ 3, { 0x0f, 0x01, 0xc9 } },             /* MWAIT */
	{ 2, { 0x0f, 0x09 } },                   /* WBINVD */
	{ 2, { 0x0f, 0x08 } },                   /* INVD */
	{ 2, { 0x0f, 0x33 } },                   /* RDPMC */
	{ 2, { 0x0f, 0x31 } },                   /* RDTSC */
	{ 3, { 0x0f, 0x01, 0xf9 } },             /* RDTSCP */
	{ 3, { 0x0f, 0xc7, 0xf0 } },             /* RDRAND */
	{ 4, { 0xf3, 0x0f, 0xae, 0xf0 } },       /* UMONITOR */
	{ 4, { 0xf2, 0x0f, 0xae, 0xf0 } },       /* UMWAIT */
	{ 4, { 0x66, 0x0f, 0xae, 0xf0 } },       /* TPAUSE */
	{ 4, { 0x48, 0x0f, 0xc7, 0x2e } },       /* XSAVES */
	{ 4, { 0x48, 0x0f, 0xc7, 0x1e } },       /* XRSTORS */
	{ 2, { 0xf3, 0x90 } },                   /* PAUSE */
	{ 2, { 0x0f, 0x0b } },                   /* UD2 */
	{ 1, { 0xf1 } },                         /* INT1 */
	{ 1, { 0xcc } },                         /* INT3 */
	{ 5, { 0x0c, 0x08, 0x0f, 0x00, 0xd8 } }, /* OR AL, 8; LTR AX: QEMU takes 0 */
	{ 3, { 0x0f, 0x00, 0xd0 } },             /* LLDT AX */
	{ 3, { 0x0f, 0x01, 0xf8 } },             /* SWAPGS */
	{ 3, { 0x0f, 0x01, 0x3e } },             /* INVLPG */
	{ 3, { 0x0f, 0x01, 0xc0 } },             /* ENCLV */
	{ 3, { 0x0f, 0x01, 0xc5 } },             /* PCONFIG */
	{ 5, { 0xf3, 0x0f, 0x38, 0xdc, 0xc0 } }, /* LOADIWKEY */
	{ 2, { 0x8e, 0xe0 } },                   /* MOV FS, AX */
};

void chaos_other_instruction(struct chaos *c)
{
	unsigned which = (unsigned)chaos_below(c, ARRAY_LEN(others));
	static u8 target[PAGE_SIZE] __attribute__((aligned(4096)));

	c->reg[RAX] = chaos_one_in(c, 2) ? chaos_below(c, 64) : chaos_value(c);
	c->reg[RCX] = chaos_below(c, 8);
	c->reg[RSI] = (u64)target;
	emit_bytes(c, others[which].bytes, others[which].len);
}

void chaos_interrupt(struct chaos *c)
{
	emit_bytes(c, (const u8[]){ 0xcd, (u8)chaos_below(c, 256) }, 2);
}

/* To where no code can be: through memory with a selector, through a register, or by IRETQ. */
void chaos_far_jump(struct chaos *c)
{
	static struct {
		u64 offset;
		u16 selector;
	} __attribute__((packed)) to[2];
	u64 outside = BIT64(47 + chaos_below(c, 16)) | chaos_below(c, BIT64(32));

	to[c->id & 1].offset = outside;
	to[c->id & 1].selector = (u16)chaos_below(c, chaos_one_in(c, 4) ? 65536 : 0x30);
	c->reg[RSI] = (u64)&to[c->id & 1];
	c->reg[RAX] = outside;
	switch (chaos_below(c, 3)) {
	case 0: emit_bytes(c, (const u8[]){ 0x48, 0xff, 0x2e }, 3); break; /* JMP FAR [RSI] */
	case 1: emit_bytes(c, (const u8[]){ 0xff, 0xe0 }, 2); break;       /* JMP RAX */
	default:
		/* MOV ECX, CS; PUSH 0; PUSH RSP; PUSHFQ; PUSH RCX; PUSH RAX; IRETQ */
		emit_bytes(c,
			   (const u8[]){ 0x8c, 0xc9, 0x6a, 0x00, 0x54, 0x9c, 0x51, 0x50, 0x48,
					 0xcf },
			   10);
		break;
	}
}

/* A trap behind an instruction that exits, with and without the shadow of MOV SS or STI. */
void chaos_single_step(struct chaos *c)
{
	static const u8 exits[][4] = { { ESCAPE, 0xa2, 0x90, 0x90 },   /* CPUID */
				       { ESCAPE, 0x09, 0x90, 0x90 },   /* WBINVD */
				       { 0xec, 0x90, 0x90, 0x90 },     /* IN AL, DX */
				       { ESCAPE, 0x01, 0xd0, 0x90 },   /* XGETBV */
				       { 0x44, ESCAPE, 0x20, 0xc0 } }; /* MOV RAX, CR8 */
	unsigned which = (unsigned)chaos_below(c, ARRAY_LEN(exits));

	c->reg[RAX] = 0;
	c->reg[RCX] = 0;
	c->reg[RDX] = 0x80;
	/* MOV EBX, SS; PUSHFQ; OR WORD [RSP], 0x100; POPFQ */
	emit_bytes(c, (const u8[]){ 0x8c, 0xd3, 0x9c, 0x66, 0x81, 0x0c, 0x24, 0x00, 0x01, 0x9d },
		   10);
	if (chaos_one_in(c, 2))
		emit_bytes(c, (const u8[]){ 0x8e, 0xd3 }, 2); /* MOV SS, EBX */
	else if (chaos_one_in(c, 2))
		emit(c, 0xfb); /* STI */
	emit_bytes(c, exits[which], 4);
}

#define NO_SUCH_APIC 0xe5u
#define ICR_MODE     (7u << 8)
#define ICR_LOGICAL  BIT(11)
/* More than two vCPUs: one may be in real mode, on its way back, where an NMI kills it. */
#define NMI_VCPUS 2

/*
 * Whom an interrupt command must not reach: nobody is sent INIT; a start-up goes to itself, since
 * another vCPU may wait for one, and would run away.
 */
static bool is_aimed(u32 mode)
{
	return mode == ICR_INIT || mode == ICR_STARTUP ||
	       (mode == ICR_NMI && guest->cpus > NMI_VCPUS);
}

/* Interrupt command: whom, how. */
void chaos_apic(struct chaos *c)
{
	u32 command = (u32)chaos_below(c, BIT(12)) | (chaos_one_in(c, 2) ? ICR_ASSERT : 0) |
		      (chaos_one_in(c, 4) ? BIT(15) : 0) | (u32)chaos_below(c, 4) << 18;
	u64 to = chaos_below(c, 4);

	if (chaos_one_in(c, 8))
		to = chaos_value(c) & UINT32_MAX;
	if (is_aimed(command & ICR_MODE)) {
		to = (command & ICR_MODE) == ICR_INIT ? NO_SUCH_APIC : c->id;
		command &= ~(ICR_ALL_BUT_ME | ICR_LOGICAL);
	}
	c->reg[RCX] = MSR_ICR;
	c->reg[RAX] = command;
	c->reg[RDX] = to;
	if (chaos_one_in(c, 4)) {
		c->reg[RCX] = 0x800 + chaos_below(c, 0x40);
		c->reg[RCX] += c->reg[RCX] == MSR_ICR;
		c->reg[RAX] = chaos_value(c);
		c->reg[RDX] = 0;
	}
	emit_bytes(c, (const u8[]){ ESCAPE, 0x30 }, 2);
	/* STI; NOP; CLI: take what came */
	emit_bytes(c, (const u8[]){ 0xfb, 0x90, 0xfa }, 3);
}

/* Sleep until the timer, which is set up from the ground: who knows what became of it. */
void chaos_halt(struct chaos *c)
{
	__asm__ volatile("mov %0, %%cr8" : : "r"(0ull));
	apic_init();
	/* An interrupt may be in service for ever: vector 0xff is taken for a spurious one. */
	for (unsigned i = 0; i < PRIORITIES; i++)
		wrmsr(MSR_EOI, 0);
	apic_timer_once((1 + chaos_below(c, 100)) * 1000);
	emit_bytes(c, (const u8[]){ 0xfb, 0xf4, 0xfa }, 3); /* STI; HLT; CLI */
}

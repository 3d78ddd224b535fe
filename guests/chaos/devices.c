/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports, config space, emulated memory, hypercalls. */
#include "chaos.h"
#include "pci.h"

#define PICK(c, list)       ((list)[chaos_below(c, ARRAY_LEN(list))])
#define PORT_COM1           0x3f8
#define PORT_CONFIG_ADDRESS 0xcf8
#define PORT_CONFIG_DATA    0xcfc
#define SCRATCH_BYTES       PAGE_SIZE
#define SLEEP_ENABLE        BIT(5)
#define REX                 0x40

static u8 scratch[SCRATCH_BYTES] __attribute__((aligned(4096)));

/* --- ports */

static u16 pick_port(struct chaos *c)
{
	static const u16 first[] = { 0x60,  0x70,  0xf0, 0x600, 0xcf8, 0xcfc,
				     0x3f8, 0x2f8, 0x20, 0x40,  0x80,  0xfff0 };
	u16 port = (u16)(PICK(c, first) + chaos_below(c, 8));

	if (chaos_one_in(c, 3))
		port = (u16)chaos_random(c);
	/* Text is for people: seldom. */
	return port == PORT_COM1 && chaos_below(c, 32) ? 0x3fb : port;
}

/* IN and OUT of every width, strings among them. Nothing that powers off or resets. */
void chaos_port(struct chaos *c)
{
	static const u8 opcodes[] = { 0xe4, 0xe5, 0xe6, 0xe7, 0xec, 0xed,
				      0xee, 0xef, 0x6c, 0x6d, 0x6e, 0x6f };
	u8 opcode = PICK(c, opcodes);
	u16 port = pick_port(c);
	u64 value = chaos_value(c);

	if (port >= GUEST_PORT_SLEEP_CONTROL - 3 && port <= GUEST_PORT_RESET)
		value &= ~(u64)0x2121212121212121ull;
	c->reg[RDX] = port;
	c->reg[RAX] = value;
	c->reg[RCX] = chaos_one_in(c, 4) ? chaos_value(c) : chaos_below(c, 4);
	c->reg[RSI] = c->reg[RDI] = (u64)scratch + chaos_below(c, SCRATCH_BYTES / 2);
	if (chaos_one_in(c, 2))
		emit(c, 0x66);
	/* REP only before strings: with a count that the scratch page can take. */
	if (opcode < 0xe0) {
		c->reg[RCX] = chaos_below(c, 256);
		if (chaos_one_in(c, 2))
			emit(c, 0xf3);
	}
	emit(c, opcode);
	if (opcode >= 0xe4 && opcode <= 0xe7)
		emit(c, (u8)(chaos_one_in(c, 4) ? 0x70 : chaos_random(c)));
}

/* --- config space */

#define CONFIG_BYTES  4096
#define CONFIG_LEGACY 256
#define FLR_BIT       BIT(15) /* of Device Control: 100 ms each time, so seldom */
#define FLR_SELDOM    64

static u64 config_offset(struct chaos *c)
{
	return chaos_below(c, chaos_one_in(c, 3) ? CONFIG_BYTES : CONFIG_LEGACY);
}

static u64 config_value(struct chaos *c)
{
	u64 value = chaos_value(c);

	return chaos_one_in(c, FLR_SELDOM) ? value : value & ~(u64)0x8000800080008080ull;
}

/* Address, then data: with any width, aligned or not. */
void chaos_config_port(struct chaos *c)
{
	u32 address = (u32)(chaos_one_in(c, 8) ? 0 : BIT(31)) | (u32)chaos_below(c, 4) << 11 |
		      (u32)(config_offset(c) & 0xff);
	static const u8 access[][2] = { { 0xec, 0x90 }, { 0xee, 0x90 }, { 0xed, 0x90 },
					{ 0xef, 0x90 }, { 0x66, 0xed }, { 0x66, 0xef } };

	if (chaos_one_in(c, 8))
		address = (u32)chaos_value(c);
	c->reg[RAX] = address;
	c->reg[RBX] = config_value(c);
	c->reg[RDX] = PORT_CONFIG_ADDRESS;
	c->reg[RCX] = PORT_CONFIG_DATA + chaos_below(c, 4);
	/* OUT DX, EAX; MOV EDX, ECX; MOV EAX, EBX */
	emit_bytes(c, (const u8[]){ 0xef, 0x89, 0xca, 0x89, 0xd8 }, 5);
	emit_bytes(c, PICK(c, access), 2);
}

/* --- memory */

/* Where something is emulated, or nothing is. Never where the VM would rightly end. */
static u64 pick_bar(struct chaos *c)
{
	static const u8 bars[] = { 0, 3 };
	struct pci_device d = { .config = (volatile u8 *)(guest->ecam_base + 8 * PAGE_SIZE) };
	u64 base;

	if (pci_config_read(&d, 0) == UINT32_MAX)
		return guest->mmio_base;
	base = (u64)pci_bar(&d, PICK(c, bars));
	return base >= guest->mmio_base && base < guest->mmio_base + guest->mmio_size - 64 * KiB
		       ? base
		       : guest->mmio_base;
}

/* Below the rings of the 82576 VF: a DMA into our own RAM would end us, and rightly. */
#define BAR_BYTES      0x2500
#define MAILBOX_OFFSET 0x800
#define MAILBOX_BYTES  0x448
#define TABLE_BYTES    64
#define PBA_OFFSET     0x2000

static u64 pick_address(struct chaos *c)
{
	switch (chaos_below(c, 8)) {
	case 0:
		return GUEST_IOAPIC_BASE +
		       (chaos_one_in(c, 4) ? chaos_below(c, 4096) : 16 * chaos_below(c, 2));
	case 1: return guest->mmio_base + chaos_below(c, guest->mmio_size - PAGE_SIZE);
	case 2: return pick_bar(c) + chaos_below(c, BAR_BYTES);
	case 3: return pick_bar(c) + chaos_below(c, TABLE_BYTES);
	case 4: return pick_bar(c) + (chaos_below(c, TABLE_BYTES) & ~3ull);
	case 5: return pick_bar(c) + PBA_OFFSET + chaos_below(c, 16);
	case 6: return pick_bar(c) + MAILBOX_OFFSET + (chaos_below(c, MAILBOX_BYTES) & ~3ull);
	default: return guest->ecam_base + chaos_below(c, 4) * 8 * PAGE_SIZE + config_offset(c);
	}
}

/* Opcodes with a ModRM byte, and the bytes of immediate behind it. */
#define GROUP_3 0xf6
struct form {
	u8 len, bytes[3], immediate;
};
static const struct form plain[] = {
	{ 1, { 0x88 }, 0 },       { 1, { 0x89 }, 0 },       { 1, { 0x8a }, 0 },
	{ 1, { 0x8b }, 0 },       { 1, { 0x63 }, 0 },       { 2, { 0x0f, 0xb6 }, 0 },
	{ 2, { 0x0f, 0xb7 }, 0 }, { 2, { 0x0f, 0xbe }, 0 }, { 2, { 0x0f, 0xbf }, 0 },
};
static const struct form odd[] = {
	{ 1, { 0x00 }, 0 },       { 1, { 0x01 }, 0 },
	{ 1, { 0x0a }, 0 },       { 1, { 0x31 }, 0 },
	{ 1, { 0x39 }, 0 },       { 1, { 0x80 }, 1 },
	{ 1, { 0x81 }, 4 },       { 1, { 0x83 }, 1 },
	{ 1, { 0x84 }, 0 },       { 1, { 0x86 }, 0 },
	{ 1, { 0x87 }, 0 },       { 1, { 0xf6 }, 1 },
	{ 1, { 0xfe }, 0 },       { 2, { 0xf0, 0x01 }, 0 },
	{ 2, { 0x0f, 0xb1 }, 0 }, { 3, { 0xf0, 0x0f, 0xb1 }, 0 },
	{ 2, { 0x0f, 0xc1 }, 0 }, { 2, { 0x0f, 0xba }, 1 },
	{ 2, { 0x0f, 0xc7 }, 0 }, { 2, { 0x0f, 0x10 }, 0 },
	{ 2, { 0x0f, 0x11 }, 0 }, { 2, { 0x0f, 0x6f }, 0 },
	{ 2, { 0x0f, 0x7f }, 0 }, { 2, { 0x0f, 0xae }, 0 },
	{ 2, { 0x0f, 0x18 }, 0 }, { 2, { 0x0f, 0xc3 }, 0 },
	{ 1, { 0xc6 }, 1 },       { 1, { 0xc7 }, 4 },
	{ 1, { 0xd8 }, 0 },       { 1, { 0xdd }, 0 },
};
/* Strings: RSI, RDI, RCX. */
static const u8 strings[] = { 0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf };

static void emit_string(struct chaos *c, u64 address)
{
	c->reg[RSI] = chaos_one_in(c, 2) ? address : (u64)scratch;
	c->reg[RDI] = chaos_one_in(c, 2) ? address : (u64)scratch;
	c->reg[RCX] = chaos_below(c, 16);
	if (chaos_one_in(c, 2))
		emit(c, chaos_one_in(c, 2) ? 0xf3 : 0xf2);
	emit(c, PICK(c, strings));
}

/* MOV between the accumulator and an absolute address. */
static void emit_absolute(struct chaos *c, u64 address)
{
	if (chaos_one_in(c, 2))
		emit(c, REX | 8);
	emit(c, (u8)(0xa0 + chaos_below(c, 4)));
	emit_bytes(c, (const u8 *)&address, sizeof(address));
}

static void emit_form(struct chaos *c, const struct form *f)
{
	static const u8 segments[] = { 0x2e, 0x36, 0x3e, 0x26 };
	unsigned reg = (unsigned)chaos_below(c, 16), immediate = f->immediate;

	reg -= reg == RSP;
	if (chaos_one_in(c, 8))
		emit(c, PICK(c, segments));
	if (chaos_one_in(c, 4) && f->bytes[0] != 0xf0) {
		emit(c, 0x66);
		immediate = MIN(immediate, 2u);
	}
	if (f->bytes[0] != 0xf0 && (reg & 8 || chaos_one_in(c, 3))) {
		bool wide = chaos_one_in(c, 2);

		emit(c, (u8)(REX | (reg & 8 ? 4 : 0) | (wide ? 8 : 0)));
		immediate = wide ? f->immediate : immediate;
	}
	emit_bytes(c, f->bytes, f->len);
	/* Of this group only TEST, 0 and 1, has an immediate. */
	if (f->bytes[0] == GROUP_3 && (reg & 6))
		immediate = 0;
	emit_memory(c, reg & 7);
	for (unsigned i = 0; i < immediate; i++)
		emit(c, (u8)chaos_random(c));
}

void chaos_memory(struct chaos *c)
{
	u64 address = pick_address(c);

	for (unsigned i = 0; i < REGS; i++)
		c->reg[i] = config_value(c);
	c->reg[RSI] = address;
	switch (chaos_below(c, 16)) {
	case 0: emit_string(c, address); break;
	case 1: emit_absolute(c, address); break;
	case 2: emit_bytes(c, (const u8[]){ 0xff, 0xe6 }, 2); break; /* JMP RSI: there is no code */
	case 3:
	case 4:
	case 5: emit_form(c, &PICK(c, odd)); break;
	default: emit_form(c, &PICK(c, plain)); break;
	}
}

void chaos_ecam(struct chaos *c)
{
	static const u8 moves[][2] = {
		{ 0x88, 0x06 }, { 0x89, 0x06 }, { 0x8a, 0x06 }, { 0x8b, 0x06 }
	};

	c->reg[RSI] = guest->ecam_base + chaos_below(c, 4) * 8 * PAGE_SIZE + config_offset(c);
	c->reg[RAX] = config_value(c);
	if (chaos_one_in(c, 8))
		c->reg[RSI] += chaos_below(c, 8) * PAGE_SIZE;
	if (chaos_one_in(c, 3))
		emit(c, chaos_one_in(c, 2) ? 0x66 : 0x48);
	emit_bytes(c, PICK(c, moves), 2);
}

/* Two vCPUs run and rewrite the same instruction: the one that exits is not the one that is read.
 */
void chaos_race(struct chaos *c)
{
	static const u8 opcodes[] = { 0x88, 0x89, 0x8a, 0x8b, 0x00, 0x01, 0x84, 0x86 };
	static u8 shared[] = { 0x8b, 0x06, 0xc3 };

	c->reg[RSI] = guest->ecam_base + 8 * PAGE_SIZE + config_offset(c);
	c->reg[RAX] = config_value(c);
	*(volatile u8 *)shared = PICK(c, opcodes);
	c->reg[RCX] = (u64)shared;
	emit_bytes(c, (const u8[]){ 0xff, 0xd1 }, 2); /* CALL RCX */
}

/* --- hypercalls */

/* Any but "exit"; text only now and then. */
void chaos_hypercall(struct chaos *c)
{
	u64 number = chaos_one_in(c, 4) ? chaos_value(c) : chaos_below(c, 12);

	c->reg[RDI] = chaos_one_in(c, 2) ? chaos_below(c, 20) : chaos_value(c);
	c->reg[RSI] = chaos_value(c);
	c->reg[RDX] = chaos_value(c);
	if (number == HC_EXIT)
		number = HC_TIME;
	if (number == HC_CONSOLE_WRITE && chaos_below(c, 64))
		c->reg[RSI] |= BIT(13); /* longer than it takes */
	c->reg[RAX] = number;
	emit_padding(c);
	emit_bytes(c, (const u8[]){ 0x0f, 0x01, 0xc1 }, 3);
}

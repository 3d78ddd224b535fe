/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MMIO instructions, decoded as far as we need: the address is known from the VM exit, so of ModRM
 * and SIB only their length and the register matter. Intel SDM Vol. 2A chapter 2, appendix A.
 */
#include "base/string.h"
#include "vmm/emulate/decode.h"

/* Prefixes, SDM Vol. 2A section 2.1.1 and 2.2.1. */
enum {
	PREFIX_OPERAND = 0x66,
	PREFIX_ADDRESS = 0x67,
	PREFIX_REX_FIRST = 0x40,
	PREFIX_REX_LAST = 0x4f,
	REX_W = 8,
	REX_R = 4,
	ESCAPE_0F = 0x0f,
};

enum opcode_kind {
	KIND_NONE,
	KIND_STORE,     /* r/m <- register */
	KIND_LOAD,      /* register <- r/m */
	KIND_STORE_IMM, /* r/m <- immediate, ModRM.reg must be 0 */
	KIND_LOAD_ACC,  /* rAX <- moffs */
	KIND_STORE_ACC, /* moffs <- rAX */
	KIND_ZERO_EXTEND,
	KIND_SIGN_EXTEND,
	KIND_SIGN_EXTEND_LONG, /* MOVSXD: exists in 64-bit mode only */
};

/* What the access to memory is wide: a fixed number of bytes, or the operand size. */
enum opcode_width {
	WIDTH_OPERAND = 0,
	WIDTH_BYTE = 1,
	WIDTH_WORD = 2,
	WIDTH_MAX_DWORD = 4
};

struct opcode_row {
	u8 opcode;
	bool two_byte; /* 0F xx */
	enum opcode_kind kind;
	enum opcode_width width;
};

/* The allow list, SDM Vol. 2B "MOV", "MOVZX", "MOVSX/MOVSXD". */
static const struct opcode_row opcode_rows[] = {
	{ 0x88, false, KIND_STORE, WIDTH_BYTE },
	{ 0x89, false, KIND_STORE, WIDTH_OPERAND },
	{ 0x8a, false, KIND_LOAD, WIDTH_BYTE },
	{ 0x8b, false, KIND_LOAD, WIDTH_OPERAND },
	{ 0xa0, false, KIND_LOAD_ACC, WIDTH_BYTE },
	{ 0xa1, false, KIND_LOAD_ACC, WIDTH_OPERAND },
	{ 0xa2, false, KIND_STORE_ACC, WIDTH_BYTE },
	{ 0xa3, false, KIND_STORE_ACC, WIDTH_OPERAND },
	{ 0xc6, false, KIND_STORE_IMM, WIDTH_BYTE },
	{ 0xc7, false, KIND_STORE_IMM, WIDTH_OPERAND },
	{ 0x63, false, KIND_SIGN_EXTEND_LONG, WIDTH_MAX_DWORD },
	{ 0xb6, true, KIND_ZERO_EXTEND, WIDTH_BYTE },
	{ 0xb7, true, KIND_ZERO_EXTEND, WIDTH_WORD },
	{ 0xbe, true, KIND_SIGN_EXTEND, WIDTH_BYTE },
	{ 0xbf, true, KIND_SIGN_EXTEND, WIDTH_WORD },
};

struct cursor {
	const u8 *bytes;
	unsigned available, at;
	bool overrun;
	bool long_mode, default_32;
	bool operand_prefix, address_prefix, has_rex;
	u8 rex;
};

static u8 next_byte(struct cursor *c)
{
	if (c->at >= c->available) {
		c->overrun = true;
		return 0;
	}
	return c->bytes[c->at++];
}

static void skip(struct cursor *c, unsigned count)
{
	if (count > c->available - c->at) {
		c->overrun = true;
		return;
	}
	c->at += count;
}

static unsigned operand_size(const struct cursor *c)
{
	if (c->rex & REX_W)
		return 8;
	bool wide = c->long_mode || c->default_32;
	return wide != c->operand_prefix ? 4 : 2;
}

static unsigned address_size(const struct cursor *c)
{
	if (c->long_mode)
		return c->address_prefix ? 4 : 8;
	return c->default_32 != c->address_prefix ? 4 : 2;
}

static bool is_segment_prefix(u8 byte)
{
	static const u8 segments[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };
	for (unsigned i = 0; i < ARRAY_LEN(segments); i++)
		if (byte == segments[i])
			return true;
	return false;
}

/*
 * Returns the first opcode byte. LOCK and REP are not skipped: no row has them, so they end in
 * ERR_UNSUPPORTED. REX counts only directly before the opcode (section 2.2.1).
 */
static u8 take_prefixes(struct cursor *c)
{
	for (;;) {
		u8 byte = next_byte(c);
		if (byte == PREFIX_OPERAND)
			c->operand_prefix = true;
		else if (byte == PREFIX_ADDRESS)
			c->address_prefix = true;
		else if (c->long_mode && byte >= PREFIX_REX_FIRST && byte <= PREFIX_REX_LAST) {
			c->has_rex = true;
			c->rex = byte;
			continue;
		} else if (!is_segment_prefix(byte))
			return byte;
		c->has_rex = false;
		c->rex = 0;
		if (c->overrun)
			return 0;
	}
}

static const struct opcode_row *find_row(struct cursor *c)
{
	u8 opcode = take_prefixes(c);
	bool two_byte = opcode == ESCAPE_0F;
	if (two_byte)
		opcode = next_byte(c);
	for (unsigned i = 0; i < ARRAY_LEN(opcode_rows); i++) {
		const struct opcode_row *row = &opcode_rows[i];
		if (row->opcode == opcode && row->two_byte == two_byte)
			return row;
	}
	return NULL;
}

/* Displacement of 16-bit addressing, SDM Vol. 2A table 2-1. */
static void skip_address_16(struct cursor *c, unsigned mod, unsigned rm)
{
	if (mod == 2 || (mod == 0 && rm == 6))
		skip(c, 2);
	else if (mod == 1)
		skip(c, 1);
}

/* SIB and displacement of 32 and 64-bit addressing, SDM Vol. 2A tables 2-2 and 2-3. */
static void skip_address_32(struct cursor *c, unsigned mod, unsigned rm)
{
	unsigned base = rm;
	if (rm == 4)
		base = next_byte(c) & 7;
	if (mod == 2 || (mod == 0 && base == 5))
		skip(c, 4);
	else if (mod == 1)
		skip(c, 1);
}

/* Take ModRM and what belongs to it. False if it names a register instead of memory. */
static bool take_modrm(struct cursor *c, u8 *reg)
{
	u8 modrm = next_byte(c);
	unsigned mod = modrm >> 6, rm = modrm & 7;
	*reg = (u8)((modrm >> 3 & 7) | (c->rex & REX_R ? 8 : 0));
	if (mod == 3)
		return false;
	if (address_size(c) == 2)
		skip_address_16(c, mod, rm);
	else
		skip_address_32(c, mod, rm);
	return true;
}

/* An immediate of the operand's width; at most 4 bytes are stored, sign-extended to 8. */
static u64 take_immediate(struct cursor *c, unsigned width)
{
	unsigned bytes = MIN(width, 4u);
	u64 value = 0;
	for (unsigned i = 0; i < bytes; i++)
		value |= (u64)next_byte(c) << (8 * i);
	if (width == 8)
		value = (u64)(s64)(s32)(u32)value;
	return value;
}

static void set_widths(const struct cursor *c, const struct opcode_row *row, struct mmio_insn *out)
{
	unsigned operand = operand_size(c);
	out->width =
		(u8)(row->width == WIDTH_OPERAND ? operand : MIN((unsigned)row->width, operand));
	bool extends = row->kind == KIND_ZERO_EXTEND || row->kind >= KIND_SIGN_EXTEND;
	if (row->width == WIDTH_BYTE)
		out->width = 1;
	out->reg_width = extends ? (u8)operand : out->width;
	out->sign_extend = row->kind >= KIND_SIGN_EXTEND;
}

/* AH, CH, DH, BH are registers 4..7 of byte instructions without REX (section 2.2.1.2). */
static void select_high_byte(const struct cursor *c, struct mmio_insn *out)
{
	if (out->reg_width == 1 && !c->has_rex && !out->immediate && out->reg >= 4) {
		out->high_byte = true;
		out->reg -= 4;
	}
}

static bool take_operands(struct cursor *c, const struct opcode_row *row, struct mmio_insn *out)
{
	switch (row->kind) {
	case KIND_LOAD_ACC:
	case KIND_STORE_ACC:
		skip(c, address_size(c));
		out->write = row->kind == KIND_STORE_ACC;
		return true;
	case KIND_STORE_IMM:
		if (!take_modrm(c, &out->reg) || (out->reg & 7) != 0)
			return false;
		out->write = out->immediate = true;
		out->imm = take_immediate(c, out->width);
		out->reg = 0;
		return true;
	case KIND_SIGN_EXTEND_LONG:
		if (!c->long_mode)
			return false;
		break;
	default: break;
	}
	out->write = row->kind == KIND_STORE;
	return take_modrm(c, &out->reg);
}

enum err mmio_decode(const u8 *bytes, unsigned available, bool long_mode, bool default_32,
		     struct mmio_insn *out)
{
	unsigned looked_at = MIN(available, (unsigned)INSN_MAX_BYTES);
	struct cursor c = { .bytes = bytes,
			    .available = looked_at,
			    .long_mode = long_mode,
			    .default_32 = default_32 };
	memset(out, 0, sizeof(*out));
	const struct opcode_row *row = find_row(&c);
	if (!row)
		return ERR_UNSUPPORTED;
	set_widths(&c, row, out);
	if (!take_operands(&c, row, out) || c.overrun)
		return ERR_UNSUPPORTED;
	select_high_byte(&c, out);
	out->length = (u8)c.at;
	return OK;
}

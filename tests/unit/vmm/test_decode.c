/* SPDX-License-Identifier: GPL-2.0-only */
/* The MMIO instruction decoder against encodings made by an assembler. */
#include "base/string.h"
#include "base/types.h"
#include "vmm/emulate/decode.h"

enum mode {
	MODE_16,
	MODE_32,
	MODE_64
};

struct example {
	const char *text;
	enum mode mode;
	unsigned length;
	u8 bytes[INSN_MAX_BYTES];
	struct mmio_insn want; /* length is taken from above */
};

static const struct example examples[] = {
	{ "mov eax, [rdi]", MODE_64, 2, { 0x8b, 0x07 }, { .width = 4, .reg = 0, .reg_width = 4 } },
	{ "mov rax, [rdi]",
	  MODE_64,
	  3,
	  { 0x48, 0x8b, 0x07 },
	  { .width = 8, .reg = 0, .reg_width = 8 } },
	{ "mov r9d, [rsp+8]",
	  MODE_64,
	  5,
	  { 0x44, 0x8b, 0x4c, 0x24, 0x08 },
	  { .width = 4, .reg = 9, .reg_width = 4 } },
	{ "mov esp, [rax]", MODE_64, 2, { 0x8b, 0x20 }, { .width = 4, .reg = 4, .reg_width = 4 } },
	{ "mov ax, [rdi]",
	  MODE_64,
	  3,
	  { 0x66, 0x8b, 0x07 },
	  { .width = 2, .reg = 0, .reg_width = 2 } },
	{ "mov al, [rdi]", MODE_64, 2, { 0x8a, 0x07 }, { .width = 1, .reg = 0, .reg_width = 1 } },
	{ "mov ah, [rdi]",
	  MODE_64,
	  2,
	  { 0x8a, 0x27 },
	  { .width = 1, .reg = 0, .reg_width = 1, .high_byte = true } },
	{ "mov spl, [rdi]",
	  MODE_64,
	  3,
	  { 0x40, 0x8a, 0x27 },
	  { .width = 1, .reg = 4, .reg_width = 1 } },
	{ "mov [rdi], bh",
	  MODE_64,
	  2,
	  { 0x88, 0x3f },
	  { .width = 1, .reg = 3, .reg_width = 1, .high_byte = true, .write = true } },
	{ "mov [rdi], dil",
	  MODE_64,
	  3,
	  { 0x40, 0x88, 0x3f },
	  { .width = 1, .reg = 7, .reg_width = 1, .write = true } },
	{ "mov [rdi], edx",
	  MODE_64,
	  2,
	  { 0x89, 0x17 },
	  { .width = 4, .reg = 2, .reg_width = 4, .write = true } },
	{ "mov [rip+0x11223344], r15",
	  MODE_64,
	  7,
	  { 0x4c, 0x89, 0x3d, 0x44, 0x33, 0x22, 0x11 },
	  { .width = 8, .reg = 15, .reg_width = 8, .write = true } },
	{ "mov [rax+rcx*4+0x80], r8w",
	  MODE_64,
	  9,
	  { 0x66, 0x44, 0x89, 0x84, 0x88, 0x80, 0, 0, 0 },
	  { .width = 2, .reg = 8, .reg_width = 2, .write = true } },
	{ "mov [0x11223344], eax (SIB without base)",
	  MODE_64,
	  7,
	  { 0x89, 0x04, 0x25, 0x44, 0x33, 0x22, 0x11 },
	  { .width = 4, .reg = 0, .reg_width = 4, .write = true } },
	{ "mov [r13+0], eax (base 101 with mod 01)",
	  MODE_64,
	  4,
	  { 0x41, 0x89, 0x45, 0x00 },
	  { .width = 4, .reg = 0, .reg_width = 4, .write = true } },
	{ "mov dword [rdi], 0x12345678",
	  MODE_64,
	  6,
	  { 0xc7, 0x07, 0x78, 0x56, 0x34, 0x12 },
	  { .width = 4, .reg_width = 4, .write = true, .immediate = true, .imm = 0x12345678 } },
	{ "mov qword [rdi], -2",
	  MODE_64,
	  7,
	  { 0x48, 0xc7, 0x07, 0xfe, 0xff, 0xff, 0xff },
	  { .width = 8, .reg_width = 8, .write = true, .immediate = true, .imm = ~1ull } },
	{ "mov word [rdi], 0x1234",
	  MODE_64,
	  5,
	  { 0x66, 0xc7, 0x07, 0x34, 0x12 },
	  { .width = 2, .reg_width = 2, .write = true, .immediate = true, .imm = 0x1234 } },
	{ "mov byte [rdi+4], 0x80",
	  MODE_64,
	  4,
	  { 0xc6, 0x47, 0x04, 0x80 },
	  { .width = 1, .reg_width = 1, .write = true, .immediate = true, .imm = 0x80 } },
	{ "movabs al, [moffs64]",
	  MODE_64,
	  9,
	  { 0xa0, 1, 2, 3, 4, 5, 6, 7, 8 },
	  { .width = 1, .reg = 0, .reg_width = 1 } },
	{ "movabs [moffs64], rax",
	  MODE_64,
	  10,
	  { 0x48, 0xa3, 1, 2, 3, 4, 5, 6, 7, 8 },
	  { .width = 8, .reg = 0, .reg_width = 8, .write = true } },
	{ "mov eax, [moffs32] (addr32)",
	  MODE_64,
	  6,
	  { 0x67, 0xa1, 1, 2, 3, 4 },
	  { .width = 4, .reg = 0, .reg_width = 4 } },
	{ "movzx eax, byte [rdi]",
	  MODE_64,
	  3,
	  { 0x0f, 0xb6, 0x07 },
	  { .width = 1, .reg = 0, .reg_width = 4 } },
	{ "movzx esi, byte [rdi]",
	  MODE_64,
	  3,
	  { 0x0f, 0xb6, 0x37 },
	  { .width = 1, .reg = 6, .reg_width = 4 } },
	{ "movzx r10, word [rdi]",
	  MODE_64,
	  4,
	  { 0x4c, 0x0f, 0xb7, 0x17 },
	  { .width = 2, .reg = 10, .reg_width = 8 } },
	{ "movsx ax, byte [rdi]",
	  MODE_64,
	  4,
	  { 0x66, 0x0f, 0xbe, 0x07 },
	  { .width = 1, .reg = 0, .reg_width = 2, .sign_extend = true } },
	{ "movsx rax, word [rdi]",
	  MODE_64,
	  4,
	  { 0x48, 0x0f, 0xbf, 0x07 },
	  { .width = 2, .reg = 0, .reg_width = 8, .sign_extend = true } },
	{ "movsxd rax, dword [rdi]",
	  MODE_64,
	  3,
	  { 0x48, 0x63, 0x07 },
	  { .width = 4, .reg = 0, .reg_width = 8, .sign_extend = true } },
	{ "mov eax, gs:[rdi]",
	  MODE_64,
	  3,
	  { 0x65, 0x8b, 0x07 },
	  { .width = 4, .reg = 0, .reg_width = 4 } },
	{ "mov eax, [ebx]", MODE_32, 2, { 0x8b, 0x03 }, { .width = 4, .reg = 0, .reg_width = 4 } },
	{ "mov ax, [ebx]",
	  MODE_32,
	  3,
	  { 0x66, 0x8b, 0x03 },
	  { .width = 2, .reg = 0, .reg_width = 2 } },
	{ "mov eax, [bx+si] (addr16)",
	  MODE_32,
	  3,
	  { 0x67, 0x8b, 0x00 },
	  { .width = 4, .reg = 0, .reg_width = 4 } },
	{ "mov [moffs32], eax",
	  MODE_32,
	  5,
	  { 0xa3, 1, 2, 3, 4 },
	  { .width = 4, .reg = 0, .reg_width = 4, .write = true } },
	{ "mov ax, [disp16]",
	  MODE_16,
	  4,
	  { 0x8b, 0x06, 0x34, 0x12 },
	  { .width = 2, .reg = 0, .reg_width = 2 } },
	{ "mov eax, [bp+8]",
	  MODE_16,
	  4,
	  { 0x66, 0x8b, 0x46, 0x08 },
	  { .width = 4, .reg = 0, .reg_width = 4 } },
	{ "mov [ebx+0x10000], al (addr32)",
	  MODE_16,
	  7,
	  { 0x67, 0x88, 0x83, 0, 0, 1, 0 },
	  { .width = 1, .reg = 0, .reg_width = 1, .write = true } },
	{ "mov [bx+0x1234], cx",
	  MODE_16,
	  4,
	  { 0x89, 0x8f, 0x34, 0x12 },
	  { .width = 2, .reg = 1, .reg_width = 2, .write = true } },
	{ "mov al, [moffs16]",
	  MODE_16,
	  3,
	  { 0xa0, 0x34, 0x12 },
	  { .width = 1, .reg = 0, .reg_width = 1 } },
};

static enum err decode(const struct example *e, unsigned available, struct mmio_insn *out)
{
	return mmio_decode(e->bytes, available, e->mode == MODE_64, e->mode == MODE_32, out);
}

static void every_listed_encoding_decodes_to_its_facts(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(examples); i++) {
		const struct example *e = &examples[i];
		struct mmio_insn got;
		print_message("  %s\n", e->text);
		assert_int_equal(decode(e, INSN_MAX_BYTES, &got), OK);
		assert_int_equal(got.length, e->length);
		assert_int_equal(got.width, e->want.width);
		assert_int_equal(got.write, e->want.write);
		assert_int_equal(got.immediate, e->want.immediate);
		assert_true(got.imm == e->want.imm);
		assert_int_equal(got.reg, e->want.reg);
		assert_int_equal(got.high_byte, e->want.high_byte);
		assert_int_equal(got.reg_width, e->want.reg_width);
		assert_int_equal(got.sign_extend, e->want.sign_extend);
	}
}

static void an_instruction_cut_short_at_any_byte_is_refused(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(examples); i++)
		for (unsigned n = 0; n < examples[i].length; n++) {
			struct mmio_insn got;
			assert_int_equal(decode(&examples[i], n, &got), ERR_UNSUPPORTED);
		}
}

struct refused {
	const char *text;
	enum mode mode;
	u8 bytes[INSN_MAX_BYTES];
};

static const struct refused refused[] = {
	{ "mov eax, ecx: no memory operand", MODE_64, { 0x89, 0xc8 } },
	{ "lock mov", MODE_64, { 0xf0, 0x89, 0x07 } },
	{ "rep stosd", MODE_64, { 0xf3, 0xab } },
	{ "movsb", MODE_64, { 0xa4 } },
	{ "add [rdi], eax", MODE_64, { 0x01, 0x07 } },
	{ "and dword [rdi], imm8", MODE_64, { 0x83, 0x27, 0x01 } },
	{ "test byte [rdi], imm8", MODE_64, { 0xf6, 0x07, 0x01 } },
	{ "c7 with ModRM.reg 7 (xbegin)", MODE_64, { 0xc7, 0xf8, 0, 0, 0, 0 } },
	{ "c7 with ModRM.reg 1", MODE_64, { 0xc7, 0x0f, 0, 0, 0, 0 } },
	{ "c6 with ModRM.reg 8 through REX.R is reg 0: legal; reg 9 is not",
	  MODE_64,
	  { 0x44, 0xc6, 0x0f, 0 } },
	{ "arpl in 32-bit mode, not movsxd", MODE_32, { 0x63, 0x07 } },
	{ "inc eax in 32-bit mode, not REX", MODE_32, { 0x40, 0x8b, 0x07 } },
	{ "vmovdqu", MODE_64, { 0xc5, 0xfa, 0x6f, 0x07 } },
	{ "movups", MODE_64, { 0x0f, 0x10, 0x07 } },
	{ "only prefixes",
	  MODE_64,
	  { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
	    0x66 } },
	{ "longer than 15 bytes",
	  MODE_64,
	  { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x48, 0xc7, 0x07,
	    0 } },
};

static void every_other_instruction_is_refused(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(refused); i++) {
		const struct refused *r = &refused[i];
		struct mmio_insn got;
		print_message("  %s\n", r->text);
		assert_int_equal(mmio_decode(r->bytes, INSN_MAX_BYTES, r->mode == MODE_64,
					     r->mode == MODE_32, &got),
				 ERR_UNSUPPORTED);
	}
}

static void a_rex_prefix_before_another_prefix_counts_for_nothing(void **state)
{
	static const u8 bytes[INSN_MAX_BYTES] = { 0x48, 0x66, 0x8b, 0x07 };
	struct mmio_insn got;
	(void)state;
	assert_int_equal(mmio_decode(bytes, sizeof(bytes), true, false, &got), OK);
	assert_int_equal(got.width, 2);
	assert_int_equal(got.length, 4);
}

static void rex_w_wins_over_the_operand_size_prefix(void **state)
{
	static const u8 bytes[INSN_MAX_BYTES] = { 0x66, 0x48, 0x8b, 0x07 };
	struct mmio_insn got;
	(void)state;
	assert_int_equal(mmio_decode(bytes, sizeof(bytes), true, false, &got), OK);
	assert_int_equal(got.width, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_listed_encoding_decodes_to_its_facts),
		cmocka_unit_test(an_instruction_cut_short_at_any_byte_is_refused),
		cmocka_unit_test(every_other_instruction_is_refused),
		cmocka_unit_test(a_rex_prefix_before_another_prefix_counts_for_nothing),
		cmocka_unit_test(rex_w_wins_over_the_operand_size_prefix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few instructions that a guest may use on emulated MMIO (config space, MSI-X table): MOV in
 * all its forms (88-8B, A0-A3, C6, C7), MOVZX, MOVSX, MOVSXD. Compilers and Linux'
 * readl/writel/readq/writeq make only these. Everything else, STOS, MOVS and read-modify-write
 * among it, is ERR_UNSUPPORTED: the guest gets #GP. Pure: bytes in, facts out. Intel SDM Vol. 2.
 */
#ifndef VMM_EMULATE_DECODE_H
#define VMM_EMULATE_DECODE_H

#include "base/types.h"

#define INSN_MAX_BYTES 15

struct mmio_insn {
	u8 length; /* bytes of the instruction, 1..15 */
	u8 width;  /* of the memory access: 1, 2, 4, 8 */
	bool write;
	bool immediate; /* write: value is `imm`; else the register `reg` */
	u64 imm;
	u8 reg;         /* general register 0..15 */
	bool high_byte; /* AH, CH, DH, BH: reg is 0..3 and bits 15:8 are meant */
	u8 reg_width; /* read: width of the destination register: 1, 2, 4 (zero-extends to 64), 8 */
	bool sign_extend;
};

/* `long_mode`: CS.L; `default_32`: CS.D (ignored in long mode). ERR_UNSUPPORTED for any other
 * instruction. */
enum err mmio_decode(const u8 *bytes, unsigned available, bool long_mode, bool default_32,
		     struct mmio_insn *out);

#endif
